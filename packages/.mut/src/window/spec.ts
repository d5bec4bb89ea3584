import { type Duration, optionError, parseDuration, parsePositiveDuration } from '@rxsse/shared'
import { Calendar, type CalendarUnit, type Weekday } from '../engine/slices/calendar.ts'

/** Windows of one size that start at regular intervals. All values are milliseconds. */
export interface AlignedSpec {
  readonly kind: 'tumbling' | 'hopping'
  readonly size: number
  readonly every: number
  readonly offset: number
}

/** Windows that are the days, weeks or months of a time zone. */
export interface CalendarSpec {
  readonly kind: 'calendar'
  readonly calendar: Calendar
}

/** What `tumbling` takes for the periods of a calendar. */
export interface CalendarOptions {
  readonly calendar: CalendarUnit
  /** An IANA time zone, such as `'Europe/Berlin'`. Default: `'UTC'`. */
  readonly timeZone?: string
  /** The day that starts a week, from 1 for Monday to 7 for Sunday. Default: 1 (ISO 8601). */
  readonly firstDay?: Weekday
}

/** Windows that last while events keep coming. All values are milliseconds. */
export interface SessionSpec {
  readonly kind: 'session'
  readonly gap: number
  /** Infinity: no limit. */
  readonly maxDuration: number
}

export type WindowSpec = AlignedSpec | CalendarSpec | SessionSpec

/**
 * Windows of one size, side by side. Each event is in exactly one, `[start, end)`, with
 * `start = floor((timestamp - offset) / size) * size + offset`. Write an offset of `'-8h'` as a number: `-8 * 3_600_000`.
 *
 * With `calendar` the windows are the days, weeks or months of a time zone: `tumbling({ calendar: 'day', timeZone:
 * 'Europe/Berlin' })`. A day in which clocks change has 23 or 25 hours.
 */
export function tumbling(size: Duration, options?: TumblingOptions): AlignedSpec
export function tumbling(calendar: CalendarOptions): CalendarSpec
export function tumbling(
  size: Duration | CalendarOptions,
  options: TumblingOptions = {},
): AlignedSpec | CalendarSpec {
  if (typeof size === 'object' && size !== null) return createCalendarSpec(size)
  const length = parsePositiveDuration(size, 'tumbling: size')
  return {
    kind: 'tumbling',
    size: length,
    every: length,
    offset: parseOffset(options.offset, 'tumbling: offset'),
  }
}

/**
 * Windows of one size that start at every multiple of `every`, so that each event is in size / every windows. If `every` is
 * longer than `size`, events between windows are in none. Both are whole milliseconds. Overlap costs nothing extra.
 */
export function hopping(options: {
  /** How long a window is. */
  readonly size: Duration
  /** How far apart windows start. */
  readonly every: Duration
  /** How far their starts are from whole multiples of `every`; a number may be negative. Default: 0. */
  readonly offset?: Duration
}): AlignedSpec {
  const size = parsePositiveDuration(options.size, 'hopping: size')
  const every = parsePositiveDuration(options.every, 'hopping: every')
  return { kind: 'hopping', size, every, offset: parseOffset(options.offset, 'hopping: offset') }
}

/**
 * A window for each series of events with at most `gap` between neighbours. `start` is the first timestamp, `end` the
 * last timestamp plus `gap`. An event between two sessions merges them.
 *
 * An event exactly `gap` after the last one still belongs to the session. So a session fires, and an event is late for it,
 * when the watermark has passed the end, not when it has reached it. With `maxDuration` a session ends at most that long
 * after its start, and the next event starts another one. Which of the two a late event joins depends on when it comes.
 */
export function session(
  gap: Duration,
  options: {
    /** How long a session may last. Default: while events keep coming. */
    readonly maxDuration?: Duration
  } = {},
): SessionSpec {
  const { maxDuration } = options
  return {
    kind: 'session',
    gap: parsePositiveDuration(gap, 'session: gap'),
    maxDuration:
      maxDuration === undefined
        ? Number.POSITIVE_INFINITY
        : parsePositiveDuration(maxDuration, 'session: maxDuration'),
  }
}

export interface TumblingOptions {
  /** How far the starts of the windows are from multiples of `size`. A number may be negative. Default: 0. */
  readonly offset?: Duration
}

function createCalendarSpec({ calendar, timeZone = 'UTC', firstDay = 1 }: CalendarOptions): CalendarSpec {
  if (!['day', 'week', 'month'].includes(calendar)) {
    throw optionError('tumbling: calendar', "'day', 'week' or 'month'", calendar)
  }
  if (!(Number.isInteger(firstDay) && firstDay >= 1 && firstDay <= 7)) {
    throw optionError('tumbling: firstDay', 'a number from 1 (Monday) to 7 (Sunday)', firstDay)
  }
  return { kind: 'calendar', calendar: new Calendar(calendar, timeZone, firstDay, 'tumbling: timeZone') }
}

/** An offset may be negative, for a time zone west of Greenwich. */
function parseOffset(offset: Duration = 0, option: string): number {
  return typeof offset === 'number' && offset < 0
    ? -parseDuration(-offset, option)
    : parseDuration(offset, option)
}
