import { isPromise, type MaybePromise } from '@rxsse/shared'
import { Observable, type OperatorFunction, Subscriber } from 'rxjs'
import { Queue } from '../engine/queues/queue.ts'
import { loadItems, type StateReader, type StateWriter, saveItems } from '../stage/operator-state.ts'
import type { RunOutbox } from './job-parts.ts'
import type { JobRun } from './job-run.ts'

/** What `deliver` tells about a result. */
export interface Delivery {
  /** Equal if the same result is made again after a crash, and different from that of any other result of the job. */
  readonly id: string
}

export interface DeliverConfig<T, R> {
  readonly name: string
  readonly fn: (value: T, delivery: Delivery) => MaybePromise<R>
  readonly concurrency: number
  readonly when: 'at-once' | 'when-saved' | undefined
}

/** The operator behind `job.deliver`. */
export function createDeliver<T, R>(
  host: { join(): JobRun; leave(run: JobRun): void },
  config: DeliverConfig<T, R>,
): OperatorFunction<T, R> {
  return (source) =>
    new Observable<R>((out) => {
      const run = host.join()
      const outbox = new Outbox<T, R>(run, out, config)
      out.add(() => {
        run.parts.deleteOutbox(outbox)
        run.gate.set(outbox, false)
        if (outbox.pending > 0) run.onLost(`deliver "${config.name}"`)
        host.leave(run)
      })
      run.parts.addOutbox(outbox)
      source.subscribe(new OutboxSubscriber(out, outbox))
    })
}

class OutboxSubscriber<T, R> extends Subscriber<T> {
  readonly #outbox: Outbox<T, R>

  constructor(out: Subscriber<R>, outbox: Outbox<T, R>) {
    super(out)
    this.#outbox = outbox
  }

  protected override _next(value: T): void {
    this.#outbox.push(value)
  }

  protected override _complete(): void {
    this.#outbox.complete()
    this.unsubscribe()
  }
}

interface Entry<T> extends Delivery {
  readonly value: T
  /** Counts the results of this subscription. */
  readonly number: number
}

/** Results on their way out. They are in every snapshot until they are delivered, so a crash loses none. */
class Outbox<T, R> implements RunOutbox {
  readonly #run: JobRun
  readonly #out: Subscriber<R>
  readonly #config: DeliverConfig<T, R>
  /** What is not delivered, in order. */
  readonly #open = new Set<Entry<T>>()
  /** What waits to be started. */
  readonly #waiting = new Queue<Entry<T>>()
  #pushed = 0
  #settled = 0
  /** Results up to this number are in the snapshot that is being taken. */
  #captured = 0
  /** Results up to this number may be delivered. */
  #released = 0
  #active = 0
  #isStarting = false
  #isCompleting = false

  constructor(run: JobRun, out: Subscriber<R>, config: DeliverConfig<T, R>) {
    this.#run = run
    this.#out = out
    this.#config = config
  }

  get name(): string {
    return this.#config.name
  }

  get pending(): number {
    return this.#open.size
  }

  get isWaiting(): boolean {
    return this.#pushed > this.#released
  }

  get isCompleting(): boolean {
    return this.#isCompleting
  }

  get activity(): number {
    return this.#pushed + this.#settled
  }

  push(value: T): void {
    const number = ++this.#pushed
    this.#add({ id: this.#run.causes.nextId(), value, number })
    // The source may have more events when the job runs again. What it then makes of them follows from what is saved now.
    const when = this.#run.parts.isEnding ? 'when-saved' : this.#config.when
    if ((when ?? (this.#run.mustWait ? 'when-saved' : 'at-once')) === 'when-saved') this.#run.onWaiting()
    // What came before is delivered before.
    else this.#released = number
    this.#start()
  }

  complete(): void {
    this.#isCompleting = true
    this.#start()
  }

  *save(writer: StateWriter): Generator<void, void> {
    this.#captured = this.#pushed
    yield* saveItems(writer, [...this.#open], ({ id, value }) => {
      writer.value(id)
      writer.value(value)
    })
  }

  restore(reader: StateReader): void {
    loadItems(reader, () => {
      const id = reader.value<string>()
      this.#add({ id, value: reader.value<T>(), number: 0 })
    })
  }

  release(): void {
    if (this.#captured > this.#released) this.#released = this.#captured
    this.#start()
  }

  fail(error: unknown): void {
    this.#out.error(error)
  }

  #add(entry: Entry<T>): void {
    this.#open.add(entry)
    this.#waiting.push(entry)
    if (this.#open.size >= GATE_HIGH) this.#run.gate.set(this, true)
  }

  #start(): void {
    // A result that is delivered at once calls this from inside `#deliver`.
    if (this.#isStarting) return
    this.#isStarting = true
    while (this.#active < this.#config.concurrency && !this.#out.closed) {
      const next = this.#waiting.first
      if (next === undefined || next.number > this.#released) break
      this.#waiting.shift()
      this.#deliver(next)
    }
    this.#isStarting = false
    if (this.#isCompleting && this.#open.size === 0) this.#out.complete()
  }

  #deliver(entry: Entry<T>): void {
    this.#active++
    try {
      const result = this.#config.fn(entry.value, { id: entry.id })
      if (isPromise(result)) {
        // One answer, also of a thenable that settles twice.
        Promise.resolve(result).then(
          (value) => this.#onDelivered(entry, value),
          (error) => this.#out.error(error),
        )
      } else this.#onDelivered(entry, result)
    } catch (error) {
      this.#out.error(error)
    }
  }

  #onDelivered(entry: Entry<T>, result: R): void {
    if (this.#out.closed) return
    this.#active--
    this.#settled++
    this.#open.delete(entry)
    if (this.#open.size <= GATE_LOW) this.#run.gate.set(this, false)
    this.#out.next(result)
    this.#start()
  }
}

/** The feeds are held back while this many results wait to be delivered, until a quarter is left. */
const GATE_HIGH = 1000
const GATE_LOW = 250
