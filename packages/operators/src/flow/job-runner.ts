import { from, type ObservableInput } from 'rxjs'
import { InnerSubscriber } from '../stage/inner-subscriber.ts'
import type { StageContext } from '../stage/operate.ts'

/** What is to be handled, where it comes from, and where it is accounted for. */
export interface Work<J, I, R> {
  /** What handles it. */
  readonly fn: (input: I) => ObservableInput<R>
  /** How many jobs are under way at the same time. */
  readonly concurrency: number
  /** The next job, taken; undefined where there is none. */
  take(): J | undefined
  inputOf(job: J): I
  /** The job is done, well or not. */
  settle(job: J, as: 'out' | 'rejected'): void
  /** Takes what `fn` throws or rejects with. Without it the stream errors. */
  readonly onError: ((error: unknown, input: I) => void) | undefined
}

export interface Handling {
  /** Whether one more job would be started at once. */
  isFree(): boolean
  /** There may be a job to start. */
  startMore(): void
  /** No more jobs come: completes the output when those that there are have been handled. */
  complete(): void
}

/** Has jobs handled, so many at a time. What `fn` makes of them goes to the stage's output. */
export function handling<J, I, R>(
  { out, enter }: StageContext<R>,
  { fn, concurrency, take, inputOf, settle, onError }: Work<J, I, R>,
): Handling {
  let active = 0
  let starting = false
  let completing = false

  function isFree(): boolean {
    return active < concurrency
  }

  function startMore(): void {
    // What is ready at once comes back here from inside `start`; the loop goes on with it, and the stack does not grow.
    if (starting) return
    starting = true
    while (isFree() && !out.closed) {
      const job = take()
      if (job === undefined) break
      active++
      start(job)
    }
    starting = false
    if (completing && active === 0) out.complete()
  }

  function start(job: J): void {
    const input = inputOf(job)
    const subscriber = new InnerSubscriber<R>(out, {
      next: (value) => enter(() => out.next(value)),
      error: (error) =>
        enter(() => {
          if (onError === undefined) throw error
          active--
          settle(job, 'rejected')
          onError(error, input)
          startMore()
        }),
      complete: () =>
        enter(() => {
          active--
          settle(job, 'out')
          startMore()
        }),
    })
    try {
      from(fn(input)).subscribe(subscriber)
    } catch (error) {
      subscriber.error(error)
    }
  }

  return {
    isFree,
    startMore,
    complete() {
      completing = true
      startMore()
    },
  }
}
