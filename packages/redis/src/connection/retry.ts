import { type BackoffOptions, backoff } from './backoff.ts'
import type { Failure, Outcome } from './connection.ts'

export interface RetryOptions extends BackoffOptions {
  /** Milliseconds. */
  readonly timeout: number
}

/** Repeats a try until it succeeds, its failure is final, or the time runs out. */
export function retry<T>(
  attempt: () => Promise<Outcome<T>>,
  isFinal: (failure: Failure) => boolean,
  options: RetryOptions,
): Promise<Outcome<T> | 'timeout'> {
  let isLate = false
  return new Promise((resolve, reject) => {
    const timer = options.scheduler.schedule(() => {
      isLate = true
      resolve('timeout')
    }, options.timeout)
    repeat()
      .finally(() => timer.unsubscribe())
      .then(resolve, reject)
  })

  async function repeat(): Promise<Outcome<T> | 'timeout'> {
    for (let failures = 0; !isLate; failures++) {
      const outcome = await attempt()
      if ('answer' in outcome || isFinal(outcome.failure)) return outcome
      await backoff(failures, options)
    }
    return 'timeout'
  }
}
