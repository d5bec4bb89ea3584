import { asyncScheduler, type SchedulerLike } from 'rxjs'
import { type Duration, milliseconds } from '../duration.ts'
import type { WatermarkOptions } from '../engine/watermark.ts'
import type { OnError } from '../stage/reject.ts'
import { type SideOutput, toSideOutput } from '../stage/side-output.ts'

/** When events happened, and how long to wait for those that come late. */
export interface EventTimeOptions<T> {
  /** When an event happened, in milliseconds. Default: when it arrives by the scheduler's clock, and `idle` is then 0. */
  readonly timestamp?: (event: T) => number | Date
  /** How far behind the latest event another may be and still be on time. Default: 0. */
  readonly maxOutOfOrderness?: Duration
  /** The silence after which event time goes on with the clock, so that a quiet stream does not hold anything back for good. Default: false. */
  readonly idle?: Duration | false
  /** How far ahead of the clock a timestamp may be and still move the watermark. While every one has been further ahead, `idle` goes by the clock's own time. Default: any distance. */
  readonly maxFutureDrift?: Duration
  /** Where events go that come too late. */
  readonly late?: SideOutput<T>
  /** Where events go whose timestamp is not a finite number or a valid `Date`, or is out of a `Date`'s range (±8.64e15). */
  readonly onInvalid?: SideOutput<T>
  /** Takes what a callback throws; the event is left out. Default: the stream errors. */
  readonly onError?: OnError<T>
  /** The clock and its timers. Default: `asyncScheduler`. */
  readonly scheduler?: SchedulerLike
}

/** The options as operators take them: checked, in milliseconds, with their defaults. */
export interface EventTime<T> extends WatermarkOptions {
  readonly timestamp: (event: T) => number
  readonly late: ((event: T) => void) | undefined
  readonly onInvalid: ((event: T) => void) | undefined
  readonly onError: OnError<T> | undefined
  readonly scheduler: SchedulerLike
}

export function eventTime<T>(operator: string, options: EventTimeOptions<T>): EventTime<T> {
  const { timestamp, scheduler = asyncScheduler } = options
  const idle = options.idle ?? (timestamp === undefined ? 0 : false)
  const { maxOutOfOrderness = 0, maxFutureDrift } = options
  return {
    timestamp: timestamp === undefined ? () => scheduler.now() : (event) => instantOf(timestamp(event)),
    maxOutOfOrderness: milliseconds(`${operator}: maxOutOfOrderness`, maxOutOfOrderness),
    idle: idle === false ? Number.POSITIVE_INFINITY : milliseconds(`${operator}: idle`, idle),
    maxFutureDrift:
      maxFutureDrift === undefined
        ? Number.POSITIVE_INFINITY
        : milliseconds(`${operator}: maxFutureDrift`, maxFutureDrift),
    late: toSideOutput(`${operator}: late`, options.late),
    onInvalid: toSideOutput(`${operator}: onInvalid`, options.onInvalid),
    onError: options.onError,
    scheduler,
  }
}

/** The furthest from 1970 that ECMAScript's time values go. Far beyond, a window's number plus one is the same number. */
const FURTHEST = 8.64e15

/** NaN for what is no time. Not `Number(time)`, which takes a missing one, JSON's null, for 1970. */
function instantOf(time: number | Date): number {
  const instant = typeof time === 'number' ? time : timeOf(time)
  return Math.abs(instant) <= FURTHEST ? instant : Number.NaN
}

function timeOf(date: Date): number {
  return date instanceof Date ? date.getTime() : Number.NaN
}
