import { from, type ObservableInput, Subscriber } from 'rxjs'
import { Queue } from '../engine/queues/queue.ts'
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

/** Runs up to `concurrency` jobs at a time. The values of `fn` go to the operator's output. */
export class JobRunner<J, I, R> {
  readonly #context: OperatorContext<R>
  readonly #config: JobRunnerConfig<J, I, R>
  /** Undefined: results do not wait for each other. */
  readonly #line: ResultLine<R> | undefined
  #active = 0
  #isStarting = false
  #isCompleting = false

  constructor(context: OperatorContext<R>, config: JobRunnerConfig<J, I, R>) {
    this.#context = context
    this.#config = config
    this.#line = config.ordered === true ? new ResultLine((value) => context.out.next(value)) : undefined
  }

  /** Whether one more job would start at once. */
  get isFree(): boolean {
    return this.#active < this.#config.concurrency
  }

  /** Starts jobs while there are some and the runner is free. */
  run(): void {
    // A job that is done at once calls this from inside `#start`. The loop below goes on, so the stack does not grow.
    if (this.#isStarting) return
    const { out } = this.#context
    this.#isStarting = true
    while (this.isFree && !out.closed) {
      const job = this.#config.take()
      if (job === undefined) break
      this.#active++
      this.#start(job)
    }
    this.#isStarting = false
    if (this.#isCompleting && this.#active === 0) out.complete()
  }

  /** No more jobs come: completes the output when all are done. */
  complete(): void {
    this.#isCompleting = true
    this.run()
  }

  onValue({ place }: JobSubscriber<J, I, R>, value: R): void {
    const { out, enter } = this.#context
    enter(() => {
      if (place === undefined) out.next(value)
      else this.#line?.push(place, value)
    })
  }

  onError({ place, job, input }: JobSubscriber<J, I, R>, error: unknown): void {
    const { onError } = this.#config
    const reject = () => {
      this.#finish(job, 'rejected')
      onError?.(error, input)
      this.#goOnAfter(job)
    }
    this.#context.enter(() => {
      if (onError === undefined) throw error
      if (place === undefined) reject()
      else this.#line?.end(place, reject)
    })
  }

  onComplete({ place, job }: JobSubscriber<J, I, R>): void {
    this.#context.enter(() => {
      if (place === undefined) this.#succeed(job)
      else this.#line?.end(place, () => this.#succeed(job))
    })
  }

  #start(job: J): void {
    const { fn, input: inputFrom } = this.#config
    const input = inputFrom(job)
    const subscriber = new JobSubscriber<J, I, R>(this.#context.out, this, job, input, this.#line?.add())
    try {
      from(fn(input)).subscribe(subscriber)
    } catch (error) {
      subscriber.error(error)
    }
  }

  #succeed(job: J): void {
    this.#finish(job, 'out')
    this.#goOnAfter(job)
  }

  #finish(job: J, as: 'out' | 'rejected'): void {
    this.#active--
    this.#config.settle(job, as)
  }

  #goOnAfter(job: J): void {
    this.#config.forget(job)
    this.run()
  }
}

/** Takes what `fn` makes of a job. */
class JobSubscriber<J, I, R> extends Subscriber<R> {
  readonly #runner: JobRunner<J, I, R>
  readonly job: J
  readonly input: I
  /** Undefined: the results do not wait for those of earlier jobs. */
  readonly place: Place<R> | undefined

  constructor(out: Subscriber<R>, runner: JobRunner<J, I, R>, job: J, input: I, place: Place<R> | undefined) {
    super(out)
    this.#runner = runner
    this.job = job
    this.input = input
    this.place = place
  }

  protected override _next(value: R): void {
    this.#runner.onValue(this, value)
  }

  protected override _error(error: unknown): void {
    this.unsubscribe()
    this.#runner.onError(this, error)
  }

  protected override _complete(): void {
    this.unsubscribe()
    this.#runner.onComplete(this)
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
