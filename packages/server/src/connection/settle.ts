import type { Clock } from './clock.ts'

/**
 * Resolves to true when the promise has resolved, and to false after that many milliseconds, so that
 * somebody else's promise cannot hold up everything. Rejects as the promise does.
 */
export function settleWithin(
  promise: Promise<unknown>,
  milliseconds: number,
  clock: Clock,
): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const cancel = clock.after(milliseconds, () => resolve(false))
    promise.then(
      () => {
        cancel()
        resolve(true)
      },
      (error: unknown) => {
        cancel()
        reject(error)
      },
    )
  })
}

/** Resolves when all have settled. Rejects then if one of them has rejected. */
export async function settleAll(promises: readonly (Promise<unknown> | undefined)[]): Promise<void> {
  const results = await Promise.allSettled(promises)
  for (const result of results) if (result.status === 'rejected') throw result.reason
}

/** The time that the check of a message, or an event log, may hold up the end of a sink. */
export const CLOSE_WAIT_MS = 10_000
