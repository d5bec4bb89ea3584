import { type Duration, optionError, parseDuration, requireFunction } from '@rxsse/shared'
import type { JoinRange, JoinSide } from '../engine/join/interval-join.ts'
import type { Key } from '../engine/keyed-state/key.ts'
import { requireLimit } from '../stage/require-limit.ts'
import { type OnError, resolveSideOutput, type SideOutput } from '../stage/side-output.ts'
import { type EventTime, type EventTimeOptions, resolveEventTime, toMilliseconds } from './event-time.ts'

const KINDS = ['inner', 'left', 'full'] as const

/** As in SQL: which events are emitted without a match. */
export type JoinKind = (typeof KINDS)[number]

/** How one side of a join is read. */
export interface JoinSideOptions<T, K extends Key> {
  /** Events with equal keys match. As in SQL, a key that is null or undefined, or has such a part, matches none. */
  readonly key: (event: T) => K
  /** When an event happened, in milliseconds. Both sides have one, or none. Default: when it arrives by the clock. */
  readonly timestamp?: (event: T) => number | Date
  /** With `progress`, the feed of this side, or of an event. */
  readonly feed?: string | ((event: T) => string)
}

/** An event of a join, and the side that it came from. */
export type JoinEvent<T, U> =
  | { readonly side: 'left'; readonly event: T }
  | { readonly side: 'right'; readonly event: U }

/** An event that was dropped: it found no match, or more than `maxBuffered` events were held. */
export type DroppedJoinEvent<T, U> = JoinEvent<T, U> & { readonly reason: 'unmatched' | 'max-buffered' }

export interface JoinWithinOptions<T, U, K extends Key, J extends JoinKind>
  extends Omit<EventTimeOptions<T | U>, 'timestamp' | 'feed' | 'late' | 'onInvalid' | 'onError'> {
  /** How the events of the source are read. */
  readonly left: JoinSideOptions<T, K>
  /** How the events of the other stream are read. */
  readonly right: JoinSideOptions<U, K>
  /**
   * How far the timestamps of a pair may be apart, both included. `{ before, after }`: how far the right event may be before the
   * left one, and after it; each is 0 by default.
   */
  readonly within: Duration | { readonly before?: Duration; readonly after?: Duration }
  /** `'left'` also emits left events without a match, and `'full'` those of both sides. Default: `'inner'`. */
  readonly kind?: J
  /** How many events are held, of both sides together. One more drops the one that would expire first. Default: any number. */
  readonly maxBuffered?: number
  /** Takes events that are older than the watermark. */
  readonly late?: SideOutput<JoinEvent<T, U>>
  /** Takes events whose timestamp is no finite number or valid `Date` within ±8.64e15. */
  readonly onInvalid?: SideOutput<JoinEvent<T, U>>
  /** Takes events over `maxBuffered`, and those without a match that are not emitted. */
  readonly onDropped?: SideOutput<DroppedJoinEvent<T, U>>
  /** Takes what a callback throws, and the event, which is left out. Default: the stream errors. */
  readonly onError?: OnError<JoinEvent<T, U>>
}

/** A side as the operator reads it. */
export interface ResolvedSide {
  readonly side: JoinSide
  readonly selectKey: (event: unknown) => Key
  readonly timestamp: (event: unknown) => number
  readonly selectFeed: (event: unknown) => string
}

/** The options, checked and with their defaults. */
export interface JoinConfig<T, U> {
  readonly time: EventTime<unknown>
  readonly range: JoinRange
  readonly emitsLeft: boolean
  readonly emitsRight: boolean
  readonly left: ResolvedSide
  readonly right: ResolvedSide
  readonly maxBuffered: number
  readonly late: ((event: JoinEvent<T, U>) => void) | undefined
  readonly onInvalid: ((event: JoinEvent<T, U>) => void) | undefined
  readonly onDropped: ((event: DroppedJoinEvent<T, U>) => void) | undefined
  readonly onError: OnError<JoinEvent<T, U>> | undefined
}

export function resolveJoinOptions<T, U, K extends Key, J extends JoinKind>(
  options: JoinWithinOptions<T, U, K, J>,
): JoinConfig<T, U> {
  const { left, right, progress, kind = 'inner', maxBuffered = Number.POSITIVE_INFINITY } = options
  if (!KINDS.includes(kind)) throw optionError('joinWithin: kind', "'inner', 'left' or 'full'", kind)
  if ((left?.timestamp === undefined) !== (right?.timestamp === undefined)) {
    throw new TypeError('joinWithin: left.timestamp and right.timestamp must both be given, or none of them')
  }
  const time = resolveEventTime<unknown>('joinWithin', {
    maxOutOfOrderness: options.maxOutOfOrderness ?? 0,
    ...(options.idle !== undefined && { idle: options.idle }),
    ...(options.maxFutureDrift !== undefined && { maxFutureDrift: options.maxFutureDrift }),
    ...(options.scheduler !== undefined && { scheduler: options.scheduler }),
    // Only whether there is one matters here: the default of `idle` depends on it.
    ...(left?.timestamp !== undefined && { timestamp: () => Number.NaN }),
    ...(progress !== undefined && { progress, feed: () => '' }),
  })
  const resolve = <E>(side: JoinSide, sideOptions: JoinSideOptions<E, K>): ResolvedSide =>
    resolveSide(side, sideOptions, progress !== undefined, time.clock.timeOfDay)
  return {
    time,
    range: resolveRange(options.within),
    emitsLeft: kind !== 'inner',
    emitsRight: kind === 'full',
    left: resolve('left', left),
    right: resolve('right', right),
    maxBuffered: requireLimit(maxBuffered, 'joinWithin: maxBuffered', 1),
    late: resolveSideOutput(options.late, 'joinWithin: late'),
    onInvalid: resolveSideOutput(options.onInvalid, 'joinWithin: onInvalid'),
    onDropped: resolveSideOutput(options.onDropped, 'joinWithin: onDropped'),
    onError: options.onError,
  }
}

function resolveSide<E>(
  side: JoinSide,
  options: JoinSideOptions<E, Key>,
  hasProgress: boolean,
  timeOfDay: () => number,
): ResolvedSide {
  requireFunction(options?.key, `joinWithin: ${side}.key`)
  const { key, timestamp, feed } = options
  if (timestamp !== undefined) requireFunction(timestamp, `joinWithin: ${side}.timestamp`)
  if ((feed !== undefined) !== hasProgress) {
    throw optionError(
      `joinWithin: ${side}.feed`,
      hasProgress ? 'given if progress is' : 'left out without progress',
      feed,
    )
  }
  return {
    side,
    // The operator calls these with events of this side only.
    selectKey: key as (event: unknown) => Key,
    timestamp: timestamp === undefined ? timeOfDay : (event) => toMilliseconds(timestamp(event as E)),
    selectFeed: typeof feed === 'function' ? (feed as (event: unknown) => string) : () => feed ?? side,
  }
}

function resolveRange(within: JoinWithinOptions<never, never, Key, JoinKind>['within']): JoinRange {
  if (typeof within === 'object' && within !== null) {
    return {
      before: parseDuration(within.before ?? 0, 'joinWithin: within.before'),
      after: parseDuration(within.after ?? 0, 'joinWithin: within.after'),
    }
  }
  const distance = parseDuration(within, 'joinWithin: within')
  return { before: distance, after: distance }
}
