import fc from 'fast-check'
import { type OperatorFunction, Subject } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { foldResults } from '../../test/fold-results.ts'
import { stampedStream } from '../../test/stamped.ts'
import type { Stamped } from '../../test/window-model.ts'
import type { WindowResult } from '../engine/window-engine.ts'
import type { Aggregates } from './aggregates.ts'
import { countWindow } from './count-window.ts'
import { latestResults } from './latest-results.ts'
import { slidingWindow } from './sliding-window.ts'
import { hopping } from './spec.ts'
import { windowAggregate } from './window-aggregate.ts'

type Result = WindowResult<string, { readonly ids: readonly number[] }>
/** What stands, by brute force: the ids of each window, by its key, start and end. */
type Standing = ReadonlyMap<string, readonly number[]>

const aggregates = (a: Aggregates<Stamped>) => ({ ids: a.collect((e: Stamped) => e.id) })
const name = (key: string, start: number, end: number) => `${key} ${start} ${end}`
const ids = (events: readonly Stamped[]) => events.map(({ id }) => id).toSorted((a, b) => a - b)
const timestamp = (event: Stamped) => event.at
const key = (event: Stamped) => event.key
const disorder = fc.record({
  maxOutOfOrderness: fc.integer({ min: 0, max: 12 }),
  allowedLateness: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 30 })),
})

/** Compares what stands with brute force over the events so far that were not late, after each event and at the end. */
function check(
  stream: readonly Stamped[],
  create: (late: (event: Stamped) => void) => OperatorFunction<Stamped, Result>,
  standingOf: (accepted: readonly Stamped[], watermark: number) => Standing,
  maxOutOfOrderness: number,
): void {
  const source = new Subject<Stamped>()
  const results: Result[] = []
  const lists: (readonly Result[])[] = []
  const late: Stamped[] = []
  const windows$ = source.pipe(create((event) => late.push(event)))
  const shared = new Subject<Result>()
  shared.pipe(latestResults({ windows: 10_000 })).subscribe((list) => lists.push(list))
  windows$.subscribe({
    next(result) {
      results.push(result)
      shared.next(result)
    },
    complete: () => shared.complete(),
  })
  const compare = (seen: readonly Result[], sent: readonly Stamped[], watermark: number): void => {
    const folded = foldResults(seen).map(
      ({ key, window: { start, end }, value }) =>
        [name(key, start, end), value.ids.toSorted((a, b) => a - b)] as const,
    )
    expect(new Map(folded)).toEqual(
      standingOf(
        sent.filter((event) => !late.includes(event)),
        watermark,
      ),
    )
    expect(new Set(folded.map(([id]) => id)).size).toBe(folded.length)
  }
  let watermark = Number.NEGATIVE_INFINITY
  for (const [i, event] of stream.entries()) {
    source.next(event)
    watermark = Math.max(watermark, event.at - maxOutOfOrderness)
    compare(results, stream.slice(0, i + 1), watermark)
  }
  source.complete()
  compare(results, stream, Number.POSITIVE_INFINITY)
  const byName = (list: readonly Result[]) =>
    new Map(list.map((result) => [name(result.key, result.window.start, result.window.end), result]))
  expect(byName(lists.at(-1) ?? [])).toEqual(byName(foldResults(results)))
}

describe('the results that stand are what brute force finds in the events that were not late', () => {
  it('of sliding windows', () => {
    fc.assert(
      fc.property(stampedStream, fc.integer({ min: 1, max: 30 }), disorder, (stream, size, options) => {
        check(
          stream,
          (late) => slidingWindow({ ...options, size, timestamp, key, late, aggregates }),
          (accepted, watermark) => {
            const fired = accepted.filter(({ at }) => at <= watermark)
            return new Map(
              fired.map((last) => {
                const start = last.at - size
                const inside = fired.filter((e) => e.key === last.key && e.at > start && e.at <= last.at)
                return [name(last.key, start, last.at), ids(inside)]
              }),
            )
          },
          options.maxOutOfOrderness,
        )
      }),
      { numRuns: 150 },
    )
  })

  it('of windows with `fill`, the empty ones included', () => {
    const spec = fc
      .record({ every: fc.integer({ min: 1, max: 12 }), longer: fc.integer({ min: 0, max: 12 }) })
      .map(({ every, longer }) => ({ size: every + longer, every }))
    fc.assert(
      fc.property(stampedStream, spec, disorder, (stream, { size, every }, options) => {
        check(
          stream,
          (late) =>
            windowAggregate(hopping({ size, every }), {
              ...options,
              timestamp,
              key,
              late,
              aggregates,
              fill: ({ previous }) => ({ ids: previous.ids.slice(0, 0) }),
            }),
          (accepted, watermark) => fillWindows(accepted, watermark, { size, every, ...options }),
          options.maxOutOfOrderness,
        )
      }),
      { numRuns: 150 },
    )
  })

  it('of windows of a number of events', () => {
    const count = fc.integer({ min: 1, max: 12 })
    fc.assert(
      fc.property(stampedStream, count, count, (stream, size, every) => {
        check(
          stream,
          () => countWindow({ size, every, key, aggregates }),
          (accepted, watermark) => {
            const standing = new Map<string, readonly number[]>()
            for (const of of new Set(accepted.map(key))) {
              const own = accepted.filter((event) => event.key === of)
              for (let start = 0; start < own.length; start += every) {
                const inside = own.slice(start, start + size)
                if (inside.length === size || watermark === Number.POSITIVE_INFINITY)
                  standing.set(name(of, start, start + size), ids(inside))
              }
            }
            return standing
          },
          0,
        )
      }),
      { numRuns: 150 },
    )
  })
})

interface FilledWindows {
  readonly size: number
  readonly every: number
  readonly maxOutOfOrderness: number
  readonly allowedLateness: number
}

/**
 * From the start of a key's series: every window up to the watermark, at the end up to the key's last event. A window before it stands
 * if a late event came to it.
 */
function fillWindows(
  accepted: readonly Stamped[],
  watermark: number,
  { size, every, maxOutOfOrderness, allowedLateness }: FilledWindows,
): Map<string, readonly number[]> {
  const standing = new Map<string, readonly number[]>()
  let before = Number.NEGATIVE_INFINITY
  const arrivals = accepted.map((event) => {
    const arrival = { event, watermark: before }
    before = Math.max(before, event.at - maxOutOfOrderness)
    return arrival
  })
  for (const of of new Set(accepted.map(key))) {
    const own = arrivals.filter(({ event }) => event.key === of)
    const first = Math.min(...own.map(({ event }) => event.at))
    const last = Math.max(...own.map(({ event }) => event.at))
    const series = findSeries(own, { size, every, allowedLateness })
    for (let start = Math.floor((first - size) / every) * every; ; start += every) {
      // Completion flushes what is left up to the last event of the key.
      if (start + size > before && (watermark !== Number.POSITIVE_INFINITY || start > last)) break
      const inside = own
        .filter(({ event: { at } }) => at >= start && at < start + size)
        // Late for this window, but not for a later one.
        .filter((arrival) => start + size + allowedLateness > arrival.watermark)
      if (start >= series || inside.length > 0)
        standing.set(name(of, start, start + size), ids(inside.map(({ event }) => event)))
    }
  }
  return standing
}

/** The start of the first window from which on a key's empty windows have results: no later one had fired when its event came. */
function findSeries(
  arrivals: readonly { readonly event: Stamped; readonly watermark: number }[],
  { size, every, allowedLateness }: Omit<FilledWindows, 'maxOutOfOrderness'>,
): number {
  let series = Number.POSITIVE_INFINITY
  let newestLate = Number.NEGATIVE_INFINITY
  for (const { event, watermark } of arrivals) {
    const ownLate: number[] = []
    for (let start = Math.floor(event.at / every) * every; start > event.at - size; start -= every) {
      if (start + size > watermark) series = Math.min(series, start)
      else if (start + size + allowedLateness > watermark) ownLate.push(start)
    }
    const [late] = ownLate
    if (late === undefined) continue
    // The windows of the series that the watermark has passed have fired.
    if (late > newestLate && (late >= series || series + size > watermark)) series = Math.min(series, late)
    newestLate = Math.max(newestLate, late)
  }
  return series
}
