import { createClient } from 'redis'
import type { RedisLogClient } from '../src/redis-log-options.ts'

/** A client whose duplicates, which are what is connected, are altered first: answers that take long, or fail. */
export function alteredClient(url: string, alter: (own: RedisLogClient) => void): RedisLogClient {
  const client: RedisLogClient = createClient({ url })
  return {
    ...client,
    duplicate(overrides) {
      const own: RedisLogClient = createClient({ url, ...overrides })
      alter(own)
      return own
    },
  }
}
