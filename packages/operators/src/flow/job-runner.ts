import { from, type ObservableInput } from 'rxjs'
import { Queue } from '../engine/queues/queue.ts'
import { InnerSubscriber } from '../stage/inner-subscriber.ts'
import type { OperatorContext } from '../stage/operate.ts'

export interface JobRunnerConfig<J, I, R> {
  /** The caller's function, which handles a job's input. */
  readonly fn: (input: I) => ObservableInput<R>
  readonly concurrency: number
  /** Whether results come in the order of their jobs. Default: as soon as there are some. */
  readonly ordered?: boolean
  /** Takes the next job. Returns undefined if there is none. */
  take(): J | undefined
  input(job: J): I
  settle(job: J, as: 'out' | 'rejected'): void
  /** The job is settled, and `onError` has been told if it was rejected: a `commit` may save its events. */
  forget(job: J): void
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
  {
    fn,
    concurrency,
    ordered = false,
    take,
    input: inputFrom,
    settle,
    forget,
    onError,
  }: JobRunnerConfig<J, I, R>,
): JobRunner {
  let active = 0
  let isStarting = false
  let isCompleting = false
  const line = ordered ? new ResultLine<R>((value) => out.next(value)) : undefined

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

  function emit(place: Place<R> | undefined, value: R): void {
    if (place === undefined) out.next(value)
    else line?.push(place, value)
  }

  function finish(job: J, as: 'out' | 'rejected'): void {
    active--
    settle(job, as)
  }

  function succeed(job: J): void {
    finish(job, 'out')
    forget(job)
    run()
  }

  function end(place: Place<R> | undefined, work: () => void): void {
    if (place === undefined) work()
    else line?.end(place, work)
  }

  function start(job: J): void {
    const input = inputFrom(job)
    const place = line?.add()
    const subscriber = new InnerSubscriber<R>(out, {
      next: (value) => enter(() => emit(place, value)),
      error: (error) =>
        enter(() => {
          if (onError === undefined) throw error
          end(place, () => {
            finish(job, 'rejected')
            onError(error, input)
            forget(job)
            run()
          })
        }),
      complete: () =>
        enter(() => {
          // Most runners have no order, and need no function for later.
          if (place === undefined) succeed(job)
          else line?.end(place, () => succeed(job))
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

/** A job's results that wait for those of earlier jobs. */
interface Place<R> {
  readonly results: Queue<R>
  finish: (() => void) | undefined
}

/** Puts the results of jobs that run at the same time in the order in which the jobs have started. */
class ResultLine<R> {
  readonly #emit: (result: R) => void
  readonly #places = new Queue<Place<R>>()
  #isEmitting = false

  constructor(emit: (result: R) => void) {
    this.#emit = emit
  }

  add(): Place<R> {
    const place = { results: new Queue<R>(), finish: undefined }
    this.#places.push(place)
    return place
  }

  push(place: Place<R>, result: R): void {
    place.results.push(result)
    this.#advance()
  }

  /** The job is done. It is finished when it is first in line, so what waits here counts as being handled. */
  end(place: Place<R>, finish: () => void): void {
    place.finish = finish
    this.#advance()
  }

  #advance(): void {
    // A consumer may send events while it takes a result.
    if (this.#isEmitting) return
    this.#isEmitting = true
    try {
      this.#emitReady()
    } finally {
      this.#isEmitting = false
    }
  }

  #emitReady(): void {
    for (let { first } = this.#places; first !== undefined; first = this.#places.first) {
      while (first.results.length > 0) this.#emit(first.results.shift() as R)
      if (first.finish === undefined) break
      this.#places.shift()
      first.finish()
    }
  }
}
