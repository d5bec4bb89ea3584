import { createClient } from 'redis'
import type { RedisClient } from '../src/index.ts'

/** A client whose connections (its duplicates) are patched first, so that answers are slow or fail. */
export function createPatchedClient(url: string, patch: (connection: RedisClient) => void): RedisClient {
  const client: RedisClient = createClient({ url })
  return {
    ...client,
    duplicate(overrides) {
      const connection: RedisClient = createClient({ url, ...overrides })
      patch(connection)
      return connection
    },
  }
}
