import { from, type ObservableInput } from 'rxjs'
import { InnerSubscriber } from '../stage/inner-subscriber.ts'
import type { OperatorContext } from '../stage/operate.ts'

export interface JobRunnerConfig<J, I, R> {
  /** The caller's function, which handles a job's input. */
  readonly fn: (input: I) => ObservableInput<R>
  readonly concurrency: number
  /** Takes the next job. Returns undefined if there is none. */
  take(): J | undefined
  input(job: J): I
  settle(job: J, as: 'out' | 'rejected'): void
  /** Takes what `fn` throws or rejects with. Without it the stream errors. */
  readonly onError: ((error: unknown, input: I) => void) | undefined
}

export interface JobRunner {
  /** Whether one more job would start at once. */
  isFree(): boolean
  /** Starts jobs while there are some and the runner is free. */
  run(): void
  /** No more jobs come: completes the output when all are done. */
  complete(): void
}

/** Runs up to `concurrency` jobs at a time. The values of `fn` go to the operator's output. */
export function createJobRunner<J, I, R>(
  { out, enter }: OperatorContext<R>,
  { fn, concurrency, take, input: inputFrom, settle, onError }: JobRunnerConfig<J, I, R>,
): JobRunner {
  let active = 0
  let isStarting = false
  let isCompleting = false

  function isFree(): boolean {
    return active < concurrency
  }

  function run(): void {
    // A job that is done at once calls this from inside `start`. The loop below goes on, so the stack does not grow.
    if (isStarting) return
    isStarting = true
    while (isFree() && !out.closed) {
      const job = take()
      if (job === undefined) break
      active++
      start(job)
    }
    isStarting = false
    if (isCompleting && active === 0) out.complete()
  }

  function start(job: J): void {
    const input = inputFrom(job)
    const subscriber = new InnerSubscriber<R>(out, {
      next: (value) => enter(() => out.next(value)),
      error: (error) =>
        enter(() => {
          if (onError === undefined) throw error
          active--
          settle(job, 'rejected')
          onError(error, input)
          run()
        }),
      complete: () =>
        enter(() => {
          active--
          settle(job, 'out')
          run()
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
    run,
    complete() {
      isCompleting = true
      run()
    },
  }
}
