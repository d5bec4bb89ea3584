import { Observable, type OperatorFunction, Subscriber } from 'rxjs'
import type { Clock } from './clock.ts'
import { Counts, type EventTracker } from './counts.ts'
import type { Durability } from './operator-state.ts'
import { isAttachable, type Stage } from './stage.ts'
import { Timer } from './timer.ts'

/** The option that every operator takes. */
export interface StageOptions {
  /** Holds the operator's counts, made by `createStage`. Default: none. */
  readonly stage?: Stage
}

/** Handles the source's notifications. Each subscription has its own, so state lives in its closure. */
export interface EventHandler<In> {
  next(value: In): void
  /** Flushes, then completes `out`, now or later. Without it `out` completes at once. */
  complete?(): void
  /** Called once, after the source is subscribed. */
  subscribed?(): void
  /** How a job saves what the operator holds. Without it, the operator cannot be a stage of a job. */
  readonly state?: Durability
}

/** What an operator's handler works with. */
export interface OperatorContext<Out> {
  readonly out: Subscriber<Out>
  readonly counts: Counts
  /** Runs `work` like an event of the source: an exception in it errors the stream. Does nothing after the end. */
  enter(work: () => void): void
  /** A timer that runs its callback through `enter`. It is cleared when the subscription ends. */
  createTimer(clock: Clock, callback: (now: number) => void): Timer
}

type OperatorArguments<In, Out> = [
  name: string,
  stage: Stage | undefined,
  createHandler: (context: OperatorContext<Out>) => EventHandler<In>,
]

/**
 * Creates an operator whose handler may be called again while it emits: it changes its state before
 * it emits, and keeps nothing in variables across an emission. Counts `in`; the handler the rest.
 */
export function operate<In, Out>(...args: OperatorArguments<In, Out>): OperatorFunction<In, Out> {
  return createOperator(OperatorSubscriber<In, Out>, ...args)
}

/** As {@link operate}, but events that a consumer sends while the handler works wait for their turn. */
export function operateSerialized<In, Out>(...args: OperatorArguments<In, Out>): OperatorFunction<In, Out> {
  return createOperator(SerializedSubscriber<In, Out>, ...args)
}

/** As {@link operate}, for a handler that has emitted or dropped an event when `next` returns. A `commit` may follow it. */
export function operateAtOnce<In, Out>(...args: OperatorArguments<In, Out>): OperatorFunction<In, Out> {
  return createOperator(FollowableSubscriber<In, Out>, ...args)
}

function createOperator<In, Out>(
  Connection: typeof OperatorSubscriber<In, Out>,
  ...[name, stage, createHandler]: OperatorArguments<In, Out>
): OperatorFunction<In, Out> {
  // Not an optionError, which would be a third of the smallest operators.
  if (stage && !isAttachable(stage)) throw new TypeError(`${name}: stage must be made by createStage()`)
  return (source) =>
    new Observable<Out>((out) => {
      const counts = new Counts()
      stage?.attach(name, counts)
      out.add(() => {
        counts.discard()
        stage?.detach()
      })
      // Without a `commit` that follows it, the operator has the fastest path.
      const isFollowed = Connection !== FollowableSubscriber || counts.tracker !== undefined
      const subscriber = new (isFollowed ? Connection : OperatorSubscriber<In, Out>)(out, counts)
      subscriber.start(createHandler)
      stage?.keep?.(subscriber.handler.state, (error) => out.error(error))
      source.subscribe(subscriber)
      subscriber.handler.subscribed?.()
    })
}

// One Subscriber between source and destination, like RxJS's own operators. `subscribe(observer)` would put a second
// one, and a second try/catch, into the path of every event.
class OperatorSubscriber<In, Out> extends Subscriber<In> {
  protected readonly out: Subscriber<Out>
  protected readonly counts: Counts
  handler: EventHandler<In> = { next() {} }

  constructor(out: Subscriber<Out>, counts: Counts) {
    super(out)
    this.out = out
    this.counts = counts
  }

  /** Creates the handler. Not done in the constructor, because a handler may emit at once. */
  start(createHandler: OperatorArguments<In, Out>[2]): void {
    const { out, counts } = this
    const enter = (work: () => void) => this.enter(work)
    this.handler = createHandler({
      out,
      counts,
      enter,
      createTimer(clock, callback) {
        const timer = new Timer(clock, (now) => enter(() => callback(now)))
        out.add(timer)
        return timer
      },
    })
  }

  protected enter(work: () => void): void {
    if (this.out.closed) return
    try {
      work()
      this.counts.onChange?.()
    } catch (error) {
      this.out.error(error)
    }
  }

  protected override _next(value: In): void {
    this.counts.in++
    try {
      this.handler.next(value)
      if (this.counts.onChange !== undefined) this.counts.onChange()
    } catch (error) {
      this.out.error(error)
    }
  }

  protected override _complete(): void {
    this.counts.isComplete = true
    this.enter(() => {
      if (this.handler.complete === undefined) this.out.complete()
      else this.handler.complete()
    })
    this.unsubscribe()
  }
}

class FollowableSubscriber<In, Out> extends OperatorSubscriber<In, Out> {
  override start(createHandler: OperatorArguments<In, Out>[2]): void {
    this.counts.tracker?.onStart()
    super.start(createHandler)
  }

  protected override _next(value: In): void {
    // There is one, or this would be an OperatorSubscriber.
    const tracker = this.counts.tracker as EventTracker
    try {
      const part = tracker.onArrival(value)
      tracker.passOn(part, this.counts, () => super._next(value))
    } catch (error) {
      this.out.error(error)
    }
  }
}

class SerializedSubscriber<In, Out> extends OperatorSubscriber<In, Out> {
  #isBusy = false
  readonly #waiting: (() => void)[] = []

  protected override enter(work: () => void): void {
    if (this.#isBusy) this.#waiting.push(work)
    else this.#run(work)
  }

  protected override _next(value: In): void {
    this.counts.in++
    if (this.#isBusy) {
      this.#wait(value)
      return
    }
    this.#isBusy = true
    try {
      this.handler.next(value)
      if (this.counts.onChange !== undefined) this.counts.onChange()
    } catch (error) {
      this.out.error(error)
    }
    this.#isBusy = false
    if (this.#waiting.length > 0) this.#drain()
  }

  // A method of its own: a closure in `_next` would cost every event a context.
  #wait(value: In): void {
    this.#waiting.push(() => this.handler.next(value))
  }

  #run(work: () => void): void {
    this.#isBusy = true
    super.enter(work)
    this.#isBusy = false
    if (this.#waiting.length > 0) this.#drain()
  }

  #drain(): void {
    this.#isBusy = true
    // The iterator also visits what is pushed while it runs.
    for (const work of this.#waiting) super.enter(work)
    this.#waiting.length = 0
    this.#isBusy = false
  }
}
