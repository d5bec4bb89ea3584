import { type Duration, optionError, parseDuration, requireFunction } from '@rxsse/shared'
import type { SchedulerLike } from 'rxjs'
import type { WatermarkOptions } from '../engine/watermark.ts'
import type { FeedWatch } from '../progress/progress.ts'
import { type Clock, createClock } from '../stage/clock.ts'
import type { StageOptions } from '../stage/operate.ts'
import { type OnError, resolveSideOutput, type SideOutput } from '../stage/side-output.ts'

/** When events happened, and how event time goes on. */
export interface TimestampOptions<T> extends StageOptions {
  /** When an event happened, in milliseconds. Default: when it arrives by the scheduler's clock, with an `idle` of 0. */
  readonly timestamp?: (event: T) => number | Date
  /** How far an event may be behind the latest one and still be on time. Default: 0. */
  readonly maxOutOfOrderness?: Duration
  /**
   * The silence after which event time goes on with the clock, so that a quiet stream closes its windows. With `progress`: the
   * silence after which an open feed no longer holds the watermark. Default: false.
   */
  readonly idle?: Duration | false
  /** How far a timestamp may be ahead of the clock and still move the watermark. Default: any distance. */
  readonly maxFutureDrift?: Duration
  /** The feeds whose events are merged here, so that the watermark is the smallest of theirs. Needs `feed`. Default: one feed. */
  readonly progress?: FeedWatch
  /** The feed that an event came from: the name that `progress.feed` was given. */
  readonly feed?: (event: T) => string
  /** Takes events whose timestamp is no finite number or valid `Date` within ±8.64e15. */
  readonly onInvalid?: SideOutput<T>
  /** Takes what a callback throws, and the event, which is left out. Default: the stream errors. */
  readonly onError?: OnError<T>
  /** The clock and its timers. Default: `asyncScheduler`. */
  readonly scheduler?: SchedulerLike
}

/** When events happened, and what becomes of late ones. */
export interface EventTimeOptions<T> extends TimestampOptions<T> {
  /** Takes events that come too late. */
  readonly late?: SideOutput<T>
}

/** The options, checked, in milliseconds, with their defaults. */
export interface EventTime<T> extends WatermarkOptions {
  readonly timestamp: (event: T) => number
  readonly late: ((event: T) => void) | undefined
  readonly onInvalid: ((event: T) => void) | undefined
  readonly onError: OnError<T> | undefined
  readonly clock: Clock
  /** Whether events happen when they arrive, because they have no timestamps. */
  readonly isByClock: boolean
  /** Whether more than the events moves the watermark, or says when they happened. */
  readonly usesClock: boolean
  /** Undefined: one feed. */
  readonly feeds: FeedSelection<T> | undefined
}

export interface FeedSelection<T> {
  readonly progress: FeedWatch
  readonly selectFeed: (event: T) => string
  /** The name of the option `feed`, for errors. */
  readonly option: string
}

export function resolveEventTime<T>(operator: string, options: EventTimeOptions<T>): EventTime<T> {
  const { timestamp } = options
  if (timestamp !== undefined) requireFunction(timestamp, `${operator}: timestamp`)
  const clock = createClock(options.scheduler)
  const idle = options.idle ?? (timestamp === undefined ? 0 : false)
  const { maxOutOfOrderness = 0, maxFutureDrift } = options
  return {
    timestamp: timestamp === undefined ? clock.timeOfDay : (event) => toMilliseconds(timestamp(event)),
    maxOutOfOrderness: parseDuration(maxOutOfOrderness, `${operator}: maxOutOfOrderness`),
    idle: idle === false ? Number.POSITIVE_INFINITY : parseDuration(idle, `${operator}: idle`),
    maxFutureDrift:
      maxFutureDrift === undefined
        ? Number.POSITIVE_INFINITY
        : parseDuration(maxFutureDrift, `${operator}: maxFutureDrift`),
    late: resolveSideOutput(options.late, `${operator}: late`),
    onInvalid: resolveSideOutput(options.onInvalid, `${operator}: onInvalid`),
    onError: options.onError,
    clock,
    isByClock: timestamp === undefined,
    usesClock:
      timestamp === undefined ||
      idle !== false ||
      maxFutureDrift !== undefined ||
      (options.progress?.maxWait ?? Number.POSITIVE_INFINITY) !== Number.POSITIVE_INFINITY,
    feeds: resolveFeeds(operator, options),
  }
}

function resolveFeeds<T>(
  operator: string,
  { progress, feed }: EventTimeOptions<T>,
): FeedSelection<T> | undefined {
  if (progress === undefined && feed === undefined) return undefined
  if (typeof progress?.watch !== 'function') {
    throw optionError(
      `${operator}: progress`,
      'made by createProgress() or createJob() if feed is given',
      progress,
    )
  }
  if (typeof feed !== 'function') {
    throw optionError(`${operator}: feed`, 'a function if progress is given', feed)
  }
  return { progress, selectFeed: feed, option: `${operator}: the result of feed` }
}

/** The range of ECMAScript's time values. Far outside it, the number of a window plus 1 is the same number. */
const MAX_TIMESTAMP = 8.64e15

/** NaN for anything that is no time. `Number(time)` would turn a missing time, JSON's null, into 1970. */
export function toMilliseconds(time: number | Date): number {
  const milliseconds = typeof time === 'number' ? time : readDate(time)
  // `+ 0` because 0 and -0 are one time: which of them came must not show in a result.
  return Math.abs(milliseconds) <= MAX_TIMESTAMP ? milliseconds + 0 : Number.NaN
}

function readDate(date: Date): number {
  return date instanceof Date ? date.getTime() : Number.NaN
}
