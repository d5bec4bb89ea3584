import {
  type MonoTypeOperatorFunction,
  Observable,
  type OperatorFunction,
  type SchedulerLike,
  Subscriber,
} from 'rxjs'
import { Ledger } from './counts.ts'
import { Alarm } from './timer.ts'

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
  return connect((out, ledger) => new StageSubscriber<In, Out>(out, ledger), start)
}

/**
 * An operator from a stage that must not be entered again while it works. What its consumer sends back into the source
 * from inside an emission waits its turn.
 */
export function operateInTurn<In, Out>(start: Start<In, Out>): OperatorFunction<In, Out> {
  return connect((out, ledger) => new TurnwiseSubscriber<In, Out>(out, ledger), start)
}

/**
 * An operator that passes everything on and takes part in the bookkeeping of the operator above it. `wire` is given the
 * ledger before that operator starts, and answers where its output goes. Above a foreign operator it sees what passes.
 */
export function attach<T>(
  wire: (out: Subscriber<T>, ledger: Ledger) => Subscriber<T>,
): MonoTypeOperatorFunction<T> {
  return (source) => {
    const above = runs.has(source) ? source : source.pipe(pass<T>())
    return runnable<T>((out, ledger) => runs.get(above)?.(wire(out, ledger) as Subscriber<never>, ledger))
  }
}

// The subscriber is typed by the observable that is its key, which a WeakMap cannot say.
const runs = new WeakMap<object, (out: Subscriber<never>, ledger: Ledger) => void>()

function runnable<Out>(run: (out: Subscriber<Out>, ledger: Ledger) => void): Observable<Out> {
  const result = new Observable<Out>((out) => run(out, new Ledger()))
  runs.set(result, run)
  return result
}

function pass<T>(): MonoTypeOperatorFunction<T> {
  return operate(({ out, ledger }) => ({
    next(value) {
      ledger.out++
      out.next(value)
    },
  }))
}

function connect<In, Out>(
  makeSubscriber: (out: Subscriber<Out>, ledger: Ledger) => StageSubscriber<In, Out>,
  start: Start<In, Out>,
): OperatorFunction<In, Out> {
  return (source) =>
    runnable((out, ledger) => {
      const subscriber = makeSubscriber(out, ledger)
      out.add(() => ledger.discard())
      subscriber.begin(start)
      source.subscribe(subscriber)
    })
}

// As RxJS builds its own operators: one Subscriber between source and destination. `subscribe(observer)` would put a
// second one, and a second try/catch, into the path of every event.
class StageSubscriber<In, Out> extends Subscriber<In> {
  protected readonly out: Subscriber<Out>
  protected readonly ledger: Ledger
  protected stage: Stage<In> = { next() {} }

  constructor(out: Subscriber<Out>, ledger: Ledger) {
    super(out)
    this.out = out
    this.ledger = ledger
  }

  /** Makes the stage; not in the constructor, as a stage may emit right away. */
  begin(start: Start<In, Out>): void {
    const { out, ledger } = this
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
    this.enter(() => {
      if (this.stage.complete === undefined) this.out.complete()
      else this.stage.complete()
    })
    this.unsubscribe()
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
      this.#wait(value)
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

  // Not in `_next`, where the function that keeps the value would cost every event a context of its own.
  #wait(value: In): void {
    this.#waiting.push(() => this.stage.next(value))
  }

  #take(work: () => void): void {
    this.#busy = true
    super.enter(work)
    this.#busy = false
    if (this.#waiting.length > 0) this.#drain()
  }

  #drain(): void {
    this.#busy = true
    // More may come to wait meanwhile, and an array's iterator goes on to its end as it is then.
    for (const work of this.#waiting) super.enter(work)
    this.#waiting.length = 0
    this.#busy = false
  }
}
