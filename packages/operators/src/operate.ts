import { Observable, type OperatorFunction, type SchedulerLike, Subscriber } from 'rxjs'
import { Alarm } from './alarm.ts'
import { Ledger } from './engine/ledger.ts'

/** What an operator does with its source's notifications. Made anew for each subscription, so state lives in its closure. */
export interface Stage<In> {
  next(value: In): void
  /** Flushes, then completes `out`, now or later. Left out: `out` completes. */
  complete?(): void
}

/** What an operator's stage works with. */
export interface StageContext<Out> {
  readonly out: Subscriber<Out>
  readonly ledger: Ledger
  /** Runs `work` as if it came from the source: in turn, and an exception in it errors the stream. Does nothing once the stream is over. */
  enter(work: () => void): void
  /** A timer whose ring runs through `enter`; it goes with the subscription. */
  alarm(scheduler: SchedulerLike, ring: (now: number) => void): Alarm
}

type Start<In, Out> = (context: StageContext<Out>) => Stage<In>

/**
 * An operator from a stage that may be entered again while it emits: one that changes its own state before it emits
 * and holds nothing across an emission. Counts what comes in; the stage counts the rest.
 */
export function operate<In, Out>(start: Start<In, Out>): OperatorFunction<In, Out> {
  return connect((out, ledger) => new StageSubscriber(out, ledger, start))
}

/**
 * An operator from a stage that must not be entered again while it works. What its consumer sends back into the source
 * from inside an emission waits its turn.
 */
export function operateInTurn<In, Out>(start: Start<In, Out>): OperatorFunction<In, Out> {
  return connect((out, ledger) => new TurnwiseSubscriber(out, ledger, start))
}

/** Subscribes to the operator that made `observable` with a ledger of the caller's, or answers false where none of ours made it. */
export function subscribeWithLedger<T>(
  observable: Observable<T>,
  out: Subscriber<T>,
  ledger: Ledger,
): boolean {
  const run = runs.get(observable)
  run?.(out, ledger)
  return run !== undefined
}

// The subscriber is typed by the observable that is its key, which a WeakMap cannot say.
const runs = new WeakMap<object, (out: Subscriber<never>, ledger: Ledger) => void>()

function connect<In, Out>(
  makeSubscriber: (out: Subscriber<Out>, ledger: Ledger) => Subscriber<In>,
): OperatorFunction<In, Out> {
  return (source) => {
    const run = (out: Subscriber<Out>, ledger: Ledger) => {
      const subscriber = makeSubscriber(out, ledger)
      out.add(() => ledger.discard())
      source.subscribe(subscriber)
    }
    const result = new Observable<Out>((out) => run(out, new Ledger()))
    runs.set(result, run)
    return result
  }
}

// As RxJS builds its own operators: one Subscriber between source and destination. `subscribe(observer)` would put a
// second one, and a second try/catch, into the path of every event.
class StageSubscriber<In, Out> extends Subscriber<In> {
  protected readonly out: Subscriber<Out>
  protected readonly ledger: Ledger
  protected readonly stage: Stage<In>

  constructor(out: Subscriber<Out>, ledger: Ledger, start: Start<In, Out>) {
    super(out)
    this.out = out
    this.ledger = ledger
    const enter = (work: () => void) => this.enter(work)
    this.stage = start({
      out,
      ledger,
      enter,
      alarm(scheduler, ring) {
        const alarm = new Alarm(scheduler, (now) => enter(() => ring(now)))
        out.add(alarm)
        return alarm
      },
    })
  }

  protected enter(work: () => void): void {
    if (this.out.closed) return
    try {
      work()
      this.ledger.onChange?.()
    } catch (error) {
      this.out.error(error)
    }
  }

  protected override _next(value: In): void {
    this.ledger.in++
    try {
      this.stage.next(value)
      if (this.ledger.onChange !== undefined) this.ledger.onChange()
    } catch (error) {
      this.out.error(error)
    }
  }

  protected override _complete(): void {
    try {
      this.finish()
    } catch (error) {
      this.out.error(error)
    } finally {
      this.unsubscribe()
    }
  }

  protected finish(): void {
    if (this.stage.complete === undefined) this.out.complete()
    else this.stage.complete()
  }
}

class TurnwiseSubscriber<In, Out> extends StageSubscriber<In, Out> {
  #busy = false
  readonly #waiting: (() => void)[] = []

  protected override enter(work: () => void): void {
    if (this.#busy) this.#waiting.push(work)
    else this.#take(work)
  }

  protected override _next(value: In): void {
    this.ledger.in++
    if (this.#busy) {
      this.#waiting.push(() => this.stage.next(value))
      return
    }
    this.#busy = true
    try {
      this.stage.next(value)
      if (this.ledger.onChange !== undefined) this.ledger.onChange()
    } catch (error) {
      this.out.error(error)
    }
    this.#busy = false
    if (this.#waiting.length > 0) this.#drain()
  }

  protected override finish(): void {
    this.enter(() => super.finish())
  }

  #take(work: () => void): void {
    this.#busy = true
    super.enter(work)
    this.#busy = false
    if (this.#waiting.length > 0) this.#drain()
  }

  #drain(): void {
    this.#busy = true
    for (let i = 0; i < this.#waiting.length; i++) super.enter(this.#waiting[i] ?? noWork)
    this.#waiting.length = 0
    this.#busy = false
  }
}

function noWork(): void {}
