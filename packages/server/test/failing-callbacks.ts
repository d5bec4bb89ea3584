import { expect } from 'vitest'
import type { StreamEndpoint } from '../src/http/stream-endpoint.ts'

/** The ways in which a callback of the user fails. */
export const FAILURES: Readonly<Record<string, () => never>> = {
  throws: () => {
    throw new Error('of a callback')
  },
  'returns a promise that rejects': () => Promise.reject(new Error('of a callback')) as never,
  'returns a value of the wrong type': () => Symbol('wrong') as never,
}

export async function expectNothingHeld(endpoint: StreamEndpoint): Promise<void> {
  await expect.poll(() => endpoint.stats()).toMatchObject({ connections: 0, pending: 0 })
}

export function recordErrors(): { errors: unknown[]; onError: (error: unknown) => void } {
  const errors: unknown[] = []
  return { errors, onError: (error) => errors.push(error) }
}
