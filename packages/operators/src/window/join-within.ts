import { requireFunction } from '@rxsse/shared'
import { from, type Observable, type ObservableInput, type OperatorFunction } from 'rxjs'
import { IntervalJoin, isMatched, type JoinEntry, type JoinSide } from '../engine/join/interval-join.ts'
import { identifyKey, isMissing, type Key, type Primitive } from '../engine/keyed-state/key.ts'
import { nextAfter } from '../engine/sessions/next-after.ts'
import { createProgress, type FeedFragment } from '../progress/progress.ts'
import { InnerSubscriber } from '../stage/inner-subscriber.ts'
import { type EventHandler, type OperatorContext, operateSerialized } from '../stage/operate.ts'
import type { OperatorState, StateWriter } from '../stage/operator-state.ts'
import { rejectEvent } from '../stage/side-output.ts'
import type { FeedSelection } from './event-time.ts'
import {
  type DroppedJoinEvent,
  type JoinConfig,
  type JoinEvent,
  type JoinKind,
  type JoinWithinOptions,
  resolveJoinOptions,
} from './join-options.ts'
import { createWatermarkSource, type WatermarkSource } from './watermark-source.ts'

/**
 * Joins the events of two streams that have the same key and happened within a time of each other: SQL's `JOIN ... ON a.key =
 * b.key AND b.time BETWEEN ...`, as a stream. Each pair comes once, in whatever order its events arrive.
 *
 * ```ts
 * orders$.pipe(
 *   joinWithin(
 *     payments$,
 *     {
 *       left: { key: (order) => order.id, timestamp: (order) => order.time },
 *       right: { key: (payment) => payment.order, timestamp: (payment) => payment.time },
 *       within: { after: '10m' },
 *       kind: 'left',
 *     },
 *     (order, payment) => ({ order: order.id, paid: payment?.amount ?? 0 }),
 *   ),
 * )
 * ```
 *
 * Each stream is a feed with a watermark of its own, and the smaller one counts: if one stream is behind, the events of the other
 * one wait for it. An event is held until the watermark has passed the last time that may match. A stream that is silent
 * holds the watermark, until it has been silent for `idle`. A stream that has completed holds nothing.
 *
 * An event counts as emitted with its first match. If `project` throws, the event that came last is left out, with all its pairs.
 *
 * The idea is the interval join of Apache Flink.
 *
 * Emits a pair when its second event arrives; an event without a match when the watermark has passed the last time for one.
 * Drops late events, to `late`; those over `maxBuffered` and those without a match, to `onDropped`.
 * Completes when both streams have completed, after the events without a match.
 * Unsubscribes from both streams at once; held events are discarded.
 */
export function joinWithin<T, U, R, K extends Key, J extends JoinKind = 'inner'>(
  other: ObservableInput<U>,
  options: JoinWithinOptions<T, U, K, J>,
  project: (left: LeftOf<T, J>, right: RightOf<U, J>) => R,
): OperatorFunction<T, R> {
  const config = resolveJoinOptions(options)
  requireFunction(project, 'joinWithin: project')
  // The kind decides which side may be undefined. The handler keeps to it.
  const combine = project as (left: T | undefined, right: U | undefined) => R
  return operateSerialized<T, R>(
    'joinWithin',
    options.stage,
    (context) => new JoinHandler(from(other), config, combine, context),
  )
}

export type LeftOf<T, J extends JoinKind> = J extends 'full' ? T | undefined : T
export type RightOf<U, J extends JoinKind> = J extends 'inner' ? U : U | undefined

class JoinHandler<T, U, R> implements EventHandler<T> {
  readonly #other: Observable<U>
  readonly #config: JoinConfig<T, U>
  readonly #project: (left: T | undefined, right: U | undefined) => R
  readonly #context: OperatorContext<R>
  readonly #join: IntervalJoin<T, U>
  readonly #source: WatermarkSource<unknown>
  /** Without `progress` each side is a feed. */
  readonly #feeds: Readonly<Record<JoinSide, FeedFragment>> | undefined
  /** The feed of the event that is being read. */
  #feed = ''
  #open = 2

  constructor(
    other: Observable<U>,
    config: JoinConfig<T, U>,
    project: (left: T | undefined, right: U | undefined) => R,
    context: OperatorContext<R>,
  ) {
    const { counts } = context
    this.#other = other
    this.#config = config
    this.#project = project
    this.#context = context
    this.#join = new IntervalJoin(config.range)
    counts.keys = () => this.#join.keys
    let progress = config.time.feeds?.progress
    if (progress === undefined) {
      const sides = createProgress()
      progress = sides
      this.#feeds = { left: sides.feed('left'), right: sides.feed('right') }
      for (const feed of Object.values(this.#feeds)) feed.state.next({ status: 'open' })
    }
    const feeds: FeedSelection<unknown> = {
      progress,
      selectFeed: () => this.#feed,
      option: 'joinWithin: the feed of an event',
    }
    this.#source = createWatermarkSource<unknown>(
      context,
      { ...config.time, feeds },
      {
        advance: () => this.#expire(),
        // An event at the watermark may still match one that expires there.
        next: () => nextAfter(this.#join.nextExpiry()),
      },
    )
  }

  /** The other stream is subscribed last: a job restores the state before. */
  subscribed(): void {
    const { out, counts, enter } = this.#context
    if (out.closed) return
    if (counts.tracker !== undefined) {
      out.error(
        new Error(
          'commit: joinWithin has two streams, and one last event ID cannot tell how far both are. Use createJob, which saves a cursor for each feed',
        ),
      )
      return
    }
    this.#other.subscribe(
      new InnerSubscriber<U>(out, {
        next: (event) => {
          counts.in++
          enter(() => this.#take('right', event))
        },
        error: (error) => out.error(error),
        complete: () => enter(() => this.#close('right')),
      }),
    )
  }

  get state(): OperatorState {
    const { range, emitsLeft, emitsRight, time } = this.#config
    return {
      shape: { within: range, emitsLeft, emitsRight, progress: time.feeds !== undefined },
      usesClock: time.usesClock,
      save: (writer) => this.#save(writer),
      restore: (reader) => {
        this.#source.load(reader)
        this.#join.load(reader)
        this.#source.setTimer?.()
      },
    }
  }

  *#save(writer: StateWriter): Generator<void, void> {
    this.#source.save(writer)
    yield* this.#join.save(writer)
  }

  next(event: T): void {
    this.#take('left', event)
  }

  complete(): void {
    this.#close('left')
  }

  #close(side: JoinSide): void {
    this.#open--
    this.#context.counts.isComplete = this.#open === 0
    this.#feeds?.[side].state.next({ status: 'closed' })
    if (this.#open > 0) return
    this.#expire(Number.POSITIVE_INFINITY)
    this.#context.out.complete()
  }

  #take(side: JoinSide, event: T | U): void {
    const { counts } = this.#context
    const config = this.#config
    const reader = config[side]
    const { watermark, readFeed, observe, setTimer } = this.#source
    let id: Primitive
    let timestamp: number
    try {
      const key = reader.selectKey(event)
      id = isMissing(key) ? this.#join.missingKey : identifyKey(key)
      timestamp = reader.timestamp(event)
      this.#feed = reader.selectFeed(event)
      readFeed?.(event)
    } catch (error) {
      rejectEvent(counts, config.onError, error, tag<T, U>(side, event))
      return
    }
    if (!Number.isFinite(timestamp)) {
      counts.rejected++
      config.onInvalid?.(tag<T, U>(side, event))
      return
    }
    if (timestamp < watermark.value) {
      counts.late++
      config.late?.(tag<T, U>(side, event))
    } else if (side === 'left') this.#takeLeft(id, timestamp, event as T)
    else this.#takeRight(id, timestamp, event as U)
    // A late event does not move the watermark, but it ends the silence.
    observe(timestamp)
    this.#expire()
    setTimer?.()
  }

  #takeLeft(id: Primitive, timestamp: number, event: T): void {
    const join = this.#join
    const key = join.find(id)
    const matches = key === undefined ? NONE : join.matchLeft(key, timestamp)
    const results = this.#combine('left', event, matches)
    if (results === undefined) return
    join.holdLeft(key ?? join.addKey(id), timestamp, event, matches.length > 0)
    this.#emit(results)
  }

  #takeRight(id: Primitive, timestamp: number, event: U): void {
    const join = this.#join
    const key = join.find(id)
    const matches = key === undefined ? NONE : join.matchRight(key, timestamp)
    const results = this.#combine('right', event, matches)
    if (results === undefined) return
    join.holdRight(key ?? join.addKey(id), timestamp, event, matches.length > 0)
    this.#emit(results)
  }

  /** The results of the event's pairs. Undefined if a callback has thrown: then nothing has changed. */
  #combine(
    side: JoinSide,
    event: T | U,
    matches: readonly (JoinEntry<T> | JoinEntry<U>)[],
  ): readonly R[] | undefined {
    if (matches.length === 0) return NONE
    const { counts } = this.#context
    let results: R[]
    try {
      results = matches.map(({ event: held }) =>
        side === 'left' ? this.#project(event as T, held as U) : this.#project(held as T, event as U),
      )
    } catch (error) {
      rejectEvent(counts, this.#config.onError, error, tag<T, U>(side, event))
      return undefined
    }
    for (const held of matches) {
      if (!isMatched(held)) counts.out++
      this.#join.match(held)
    }
    return results
  }

  #emit(results: readonly R[]): void {
    const { out, counts } = this.#context
    if (results.length > 0) counts.out++
    // More than one if a state was restored that had another bound.
    while (this.#join.held > this.#config.maxBuffered) {
      // There is at least one.
      this.#drop(this.#join.takeNext() as JoinEntry<T> | JoinEntry<U>, 'max-buffered')
    }
    for (const result of results) out.next(result)
  }

  /** Takes out what finds no match any more. */
  #expire(watermark = this.#source.watermark.value): void {
    for (
      let held = this.#join.takeExpired(watermark);
      held !== undefined && !this.#context.out.closed;
      held = this.#join.takeExpired(watermark)
    ) {
      if (isMatched(held)) continue
      const isEmitted = held.side === 'left' ? this.#config.emitsLeft : this.#config.emitsRight
      if (isEmitted) this.#emitUnmatched(held)
      else this.#drop(held, 'unmatched')
    }
  }

  #emitUnmatched({ side, event }: JoinEntry<T> | JoinEntry<U>): void {
    const { out, counts } = this.#context
    let result: R
    try {
      result = side === 'left' ? this.#project(event as T, undefined) : this.#project(undefined, event as U)
    } catch (error) {
      rejectEvent(counts, this.#config.onError, error, tag<T, U>(side, event))
      return
    }
    counts.out++
    out.next(result)
  }

  #drop(held: JoinEntry<T> | JoinEntry<U>, reason: DroppedJoinEvent<T, U>['reason']): void {
    if (!isMatched(held)) this.#context.counts.dropped++
    this.#config.onDropped?.({ ...tag<T, U>(held.side, held.event), reason })
  }
}

const NONE: never[] = []

function tag<T, U>(side: JoinSide, event: T | U): JoinEvent<T, U> {
  // The caller passes an event of that side.
  return { side, event } as JoinEvent<T, U>
}
