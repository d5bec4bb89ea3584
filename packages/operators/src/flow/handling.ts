import { from, type ObservableInput } from 'rxjs'
import { InnerSubscriber } from '../inner-subscriber.ts'
import type { StageContext } from '../operate.ts'

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

/** Has jobs handled, so many at a time. What `fn` makes of them goes to the stage's output. */
export class Handling<J, I, R> {
  readonly #stage: StageContext<R>
  readonly #work: Work<J, I, R>
  #active = 0
  #starting = false
  #completing = false

  constructor(stage: StageContext<R>, work: Work<J, I, R>) {
    this.#stage = stage
    this.#work = work
  }

  /** Whether one more job would be started at once. */
  get isFree(): boolean {
    return this.#active < this.#work.concurrency
  }

  /** There may be a job to start. */
  startMore(): void {
    const { out } = this.#stage
    // What is ready at once comes back here from inside `#start`; the loop goes on with it, and the stack does not grow.
    if (this.#starting) return
    this.#starting = true
    while (this.isFree && !out.closed) {
      const job = this.#work.take()
      if (job === undefined) break
      this.#start(job)
    }
    this.#starting = false
    if (this.#completing && this.#active === 0) out.complete()
  }

  /** No more jobs come: completes the output when those that there are have been handled. */
  complete(): void {
    this.#completing = true
    this.startMore()
  }

  #start(job: J): void {
    const { out, enter } = this.#stage
    const { fn, onError } = this.#work
    const input = this.#work.inputOf(job)
    this.#active++
    const subscriber = new InnerSubscriber<R>(out, {
      next: (value) => enter(() => out.next(value)),
      error: (error) =>
        enter(() => {
          if (onError === undefined) throw error
          this.#settle(job, 'rejected')
          onError(error, input)
          this.startMore()
        }),
      complete: () =>
        enter(() => {
          this.#settle(job, 'out')
          this.startMore()
        }),
    })
    try {
      from(fn(input)).subscribe(subscriber)
    } catch (error) {
      subscriber.error(error)
    }
  }

  #settle(job: J, as: 'out' | 'rejected'): void {
    this.#active--
    this.#work.settle(job, as)
  }
}
