import type { SchedulerLike } from 'rxjs'

export interface BackoffOptions {
  readonly scheduler: SchedulerLike
  readonly random: () => number
}

/** Resolves when it is time for the next try after `failures + 1` failed ones. */
export function backoff(failures: number, { scheduler, random }: BackoffOptions): Promise<void> {
  return new Promise((resolve) => {
    scheduler.schedule(() => resolve(), backoffDelay(10, failures, random))
  })
}

/**
 * Milliseconds before the next try. They double from `first` to 500 with each failure. A random factor from 1 to 2
 * keeps the nodes from returning all at the same moment.
 */
export function backoffDelay(first: number, failures: number, random: () => number): number {
  return Math.min(first * 2 ** failures, 500) * (1 + random())
}
