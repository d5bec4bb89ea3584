import { type Duration, milliseconds, positiveMilliseconds } from '../duration.ts'

/** Windows of one size that start at regular intervals. */
export interface AlignedSpec {
  readonly kind: 'tumbling' | 'hopping'
  /** Milliseconds, as all of these. */
  readonly size: number
  readonly every: number
  readonly offset: number
}

/** Windows that last as long as events keep coming. */
export interface SessionSpec {
  readonly kind: 'session'
  /** Milliseconds, as both of these. */
  readonly gap: number
  /** Infinity: no limit. */
  readonly maxDuration: number
}

export type WindowSpec = AlignedSpec | SessionSpec

/**
 * Windows of one size, side by side: each event is in exactly one, `[start, end)` with
 * `start = floor((timestamp - offset) / size) * size + offset`. An offset of `'-8h'` is written as a number: `-8 * 3_600_000`.
 */
export function tumbling(
  size: Duration,
  options: {
    /** How far the windows' starts are from whole multiples of `size`; a number may be negative. Default: 0. */
    readonly offset?: Duration
  } = {},
): AlignedSpec {
  const length = positiveMilliseconds('tumbling: size', size)
  return { kind: 'tumbling', size: length, every: length, offset: offsetOf('tumbling', options.offset) }
}

/**
 * Windows of one size that start at every multiple of `every`, so that each event is in size / every of them (where
 * `every` is the longer, events between two windows are in none). Both are whole milliseconds. An event costs the same whatever size / every is.
 */
export function hopping(options: {
  /** How long a window is. */
  readonly size: Duration
  /** How far apart windows start. */
  readonly every: Duration
  /** How far their starts are from whole multiples of `every`; a number may be negative. Default: 0. */
  readonly offset?: Duration
}): AlignedSpec {
  const size = positiveMilliseconds('hopping: size', options.size)
  const every = positiveMilliseconds('hopping: every', options.every)
  return { kind: 'hopping', size, every, offset: offsetOf('hopping', options.offset) }
}

/**
 * A window for each run of events with at most `gap` from one to the next: `start` is the first one's timestamp, `end` the
 * last one's plus `gap`. An event between two sessions makes them one. As an event exactly `gap` after the last still belongs to
 * it, a session fires, and an event is late for it, when the watermark has passed the end, not when it has come to it. With `maxDuration` a session ends that long
 * after its start at the latest, and the next event begins another; which one a straggler joins then depends on when it comes.
 */
export function session(
  gap: Duration,
  options: {
    /** How long a session may last. Default: for as long as events keep coming. */
    readonly maxDuration?: Duration
  } = {},
): SessionSpec {
  const { maxDuration } = options
  return {
    kind: 'session',
    gap: positiveMilliseconds('session: gap', gap),
    maxDuration:
      maxDuration === undefined
        ? Number.POSITIVE_INFINITY
        : positiveMilliseconds('session: maxDuration', maxDuration),
  }
}

function offsetOf(spec: string, offset: Duration = 0): number {
  // An offset may be negative: a time zone west of Greenwich, for windows of a day.
  return typeof offset === 'number' && offset < 0
    ? -milliseconds(`${spec}: offset`, -offset)
    : milliseconds(`${spec}: offset`, offset)
}
