import { VirtualClock } from '@rxsse/testing/virtual-time'
import { of, Subject, toArray } from 'rxjs'
import { describe, expect, expectTypeOf, it } from 'vitest'
import { conformance } from '../../test/conformance.ts'
import type { WindowResult } from '../engine/window-engine.ts'
import type { Aggregates } from './aggregates.ts'
import { hopping, session, tumbling, type WindowSpec } from './spec.ts'
import { type WindowAggregateOptions, windowAggregate } from './window-aggregate.ts'

interface Reading {
  readonly at: number
  readonly sensor: string
  readonly value: number
  readonly note?: string
}

const at = (time: number, value = 1, sensor = 'a'): Reading => ({ at: time, sensor, value })

describe('windowAggregate over tumbling windows', () => {
  it('gives each window one result, with every aggregate by its name', () => {
    const results: unknown[] = []
    of(at(1, 5), at(9, 7), at(10, 1))
      .pipe(
        windowAggregate(tumbling(10), {
          timestamp: (r) => r.at,
          aggregates: (a) => ({ n: a.count(), sum: a.sum((r) => r.value), top: a.topK(1, (r) => r.value) }),
        }),
      )
      .subscribe((r) => results.push(r))
    expect(results).toEqual([
      {
        key: undefined,
        window: { start: 0, end: 10 },
        value: { n: 2, sum: 12, top: [at(9, 7)] },
        pane: 'on-time',
        revision: 0,
      },
      {
        key: undefined,
        window: { start: 10, end: 20 },
        value: { n: 1, sum: 1, top: [at(10, 1)] },
        pane: 'flush',
        revision: 0,
      },
    ])
  })

  it('infers its result type from its aggregates', () => {
    const result$ = of(at(1)).pipe(
      windowAggregate(tumbling('1h'), {
        timestamp: (r) => r.at,
        key: (r) => [r.sensor, r.value],
        aggregates: (a) => ({
          n: a.count(),
          mean: a.avg((r) => r.value),
          noted: a.min((r) => r.note),
          first: a.first(),
          notes: a.collectDistinct((r) => r.note),
          spread: a.variance((r) => r.value, 'sample'),
          custom: a.custom({
            create: () => [''],
            add: (l) => l,
            merge: (l) => l,
            result: (l) => l.length > 3,
          }),
        }),
      }),
    )
    result$.pipe(toArray()).subscribe((results) => {
      expectTypeOf(results).toEqualTypeOf<
        WindowResult<
          [string, number],
          {
            readonly n: number
            readonly mean: number
            readonly noted: string | null
            readonly first: Reading
            readonly notes: readonly (string | undefined)[]
            readonly spread: number | null
            readonly custom: boolean
          }
        >[]
      >()
    })
    of(at(1)).pipe(
      // @ts-expect-error there is no such field
      windowAggregate(tumbling('1h'), { aggregates: (a) => ({ n: a.sum((r) => r.weight) }) }),
    )
    // @ts-expect-error a year is no duration
    expect(() => tumbling('1y')).toThrow(
      "tumbling: size must be a duration such as 1500, '250ms', '30s' or '1h', not the string \"1y\"",
    )
  })
})

type Options = Omit<WindowAggregateOptions<Reading, string, never>, 'aggregates' | 'scheduler'>

/** Results as `[clock, key, start, end, number of events, pane, revision]`. */
function driven(spec: WindowSpec, options: Options = {}) {
  const clock = new VirtualClock()
  const source = new Subject<Reading>()
  const seen: unknown[] = []
  const endings: unknown[] = []
  source
    .pipe(
      windowAggregate(spec, {
        timestamp: (r: Reading) => r.at,
        ...options,
        scheduler: clock,
        aggregates: (a) => ({ n: a.count() }),
      }),
    )
    .subscribe({
      next: ({ key, window, value, pane, revision }) =>
        seen.push([clock.now(), key, window.start, window.end, value.n, pane, revision]),
      error: (error) => endings.push(error),
      complete: () => endings.push('complete'),
    })
  const taken = () => seen.splice(0)
  return { clock, source, taken, endings }
}

describe('event time', () => {
  it('waits for events that are out of order by no more than allowed', () => {
    const late: number[] = []
    const { source, taken } = driven(tumbling(10), { maxOutOfOrderness: 5, late: (r) => late.push(r.at) })
    for (const time of [9, 14, 8]) source.next(at(time))
    expect(taken()).toEqual([])
    source.next(at(15))
    expect(taken()).toEqual([[0, undefined, 0, 10, 2, 'on-time', 0]])
    source.next(at(9))
    expect(late).toEqual([9])
  })

  it('takes late events for as long as is allowed, each with a new revision', () => {
    const late: number[] = []
    const { source, taken } = driven(tumbling(10), { allowedLateness: 5, late: (r) => late.push(r.at) })
    for (const time of [1, 10, 2, 14, 3, 15, 4]) source.next(at(time))
    expect(taken()).toEqual([
      [0, undefined, 0, 10, 1, 'on-time', 0],
      [0, undefined, 0, 10, 2, 'late', 1],
      [0, undefined, 0, 10, 3, 'late', 2],
    ])
    expect(late).toEqual([4])
  })

  it('puts windows where offset says, before 1970 too', () => {
    const { source, taken } = driven(tumbling('1d', { offset: -8 * 3_600_000 }))
    source.next(at(-1))
    source.next(at(16 * 3_600_000))
    source.complete()
    expect(taken()).toMatchObject([
      [0, undefined, -8 * 3_600_000, 16 * 3_600_000, 1, 'on-time', 0],
      [0, undefined, 16 * 3_600_000, 40 * 3_600_000, 1, 'flush', 0],
    ])
  })

  it('takes a Date for a timestamp', () => {
    const { source, taken } = driven(tumbling('1h'), { timestamp: (r) => new Date(r.at) })
    source.next(at(3_600_000))
    source.complete()
    expect(taken()).toEqual([[0, undefined, 3_600_000, 7_200_000, 1, 'flush', 0]])
  })

  it('rejects an event without a finite timestamp', () => {
    const invalid: number[] = []
    const { source, taken } = driven(tumbling(10), { onInvalid: (r) => invalid.push(r.at) })
    for (const time of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) source.next(at(time))
    source.next(at(1))
    source.complete()
    expect(taken()).toEqual([[0, undefined, 0, 10, 1, 'flush', 0]])
    expect(invalid).toHaveLength(3)
  })

  it('is not carried away by one timestamp from the far future', () => {
    const { clock, source, taken } = driven(tumbling(10), { maxFutureDrift: 100 })
    clock.advanceTo(1000)
    source.next(at(1005))
    source.next(at(9_000_000))
    source.next(at(1006))
    expect(taken()).toEqual([])
    source.next(at(1010))
    expect(taken()).toEqual([[1000, undefined, 1000, 1010, 2, 'on-time', 0]])
    source.complete()
    expect(taken()).toEqual([
      [1000, undefined, 1010, 1020, 1, 'flush', 0],
      [1000, undefined, 9_000_000, 9_000_010, 1, 'flush', 0],
    ])
  })

  it('closes, when the clock comes to its end, a window of which every event was too far ahead to move the watermark', () => {
    const { clock, source, taken } = driven(tumbling(10), { maxFutureDrift: 100, idle: 50 })
    clock.advanceTo(1000)
    source.next(at(9005))
    clock.advanceTo(9009)
    expect(taken()).toEqual([])
    clock.runOut()
    expect(taken()).toEqual([[9010, undefined, 9000, 9010, 1, 'on-time', 0]])
    expect(clock.timers).toBe(0)
  })

  it('closes the windows of a stream that has gone quiet, at the pace of the clock', () => {
    const { clock, source, taken } = driven(tumbling(100), { idle: 20, maxOutOfOrderness: 10 })
    clock.advanceTo(5000)
    source.next(at(30))
    clock.advanceTo(5000 + 79)
    expect(taken()).toEqual([])
    clock.runOut()
    // Event time was at 30, the watermark at 20: eighty milliseconds of silence bring it to 100.
    expect(taken()).toEqual([[5080, undefined, 0, 100, 1, 'on-time', 0]])
    expect(clock.timers).toBe(0)
  })

  it('does not take a short pause for silence', () => {
    const { clock, source, taken } = driven(tumbling(100), { idle: 50 })
    source.next(at(95))
    clock.advanceBy(49)
    expect(taken()).toEqual([])
    source.next(at(96))
    clock.advanceBy(49)
    expect(taken()).toEqual([])
    clock.advanceBy(1)
    expect(taken()).toHaveLength(1)
  })

  it('is the time of arrival where there are no timestamps, and the windows then close by the clock', () => {
    const clock = new VirtualClock()
    const source = new Subject<string>()
    const seen: unknown[] = []
    source
      .pipe(
        windowAggregate(tumbling('1s'), { scheduler: clock, aggregates: (a) => ({ words: a.collect() }) }),
      )
      .subscribe(({ window, value }) => seen.push([clock.now(), window.start, value.words]))
    source.next('a')
    clock.advanceTo(999)
    source.next('b')
    clock.advanceTo(1500)
    source.next('c')
    clock.runOut()
    expect(seen).toEqual([
      [1000, 0, ['a', 'b']],
      [2000, 1000, ['c']],
    ])
  })

  it('closes a quiet session too', () => {
    const { clock, source, taken } = driven(session(100), { idle: 10 })
    for (const time of [0, 50, 150]) source.next(at(time))
    clock.runOut()
    expect(taken()).toEqual([[expect.closeTo(100), undefined, 0, 250, 3, 'on-time', 0]])
    expect(clock.timers).toBe(0)
  })
})

describe('sessions', () => {
  it('that become one by a late event go on counting from the higher revision', () => {
    const { source, taken } = driven(session(5), { allowedLateness: 200 })
    for (const time of [20, 100, 21, 22, 13]) source.next(at(time))
    expect(taken().map((r) => (r as unknown[]).slice(2))).toEqual([
      [20, 25, 1, 'on-time', 0],
      [20, 26, 2, 'late', 1],
      [20, 27, 3, 'late', 2],
      [13, 18, 1, 'late', 0],
    ])
    source.next(at(17))
    expect(taken()).toEqual([[0, undefined, 13, 27, 5, 'late', 3]])
  })

  it('pushes no key out for an event that is late, also where maxDuration is less than the gap', () => {
    const { source, taken } = driven(session(100, { maxDuration: 5 }), { key: (r) => r.sensor, maxKeys: 1 })
    source.next(at(100))
    source.next(at(50, 1, 'b'))
    expect(taken()).toEqual([])
    source.complete()
    expect(taken()).toEqual([[0, 'a', 100, 105, 1, 'flush', 0]])
  })
})

describe('early results', () => {
  it('come while a window is open and changes, and count as revisions', () => {
    const { clock, source, taken } = driven(tumbling(1000), { early: 10 })
    source.next(at(1))
    clock.advanceBy(25)
    expect(taken()).toEqual([[10, undefined, 0, 1000, 1, 'early', 0]])
    source.next(at(2))
    source.next(at(3))
    clock.advanceBy(10)
    expect(taken()).toEqual([[35, undefined, 0, 1000, 3, 'early', 1]])
    source.next(at(1000))
    expect(taken()).toEqual([[35, undefined, 0, 1000, 3, 'on-time', 2]])
    expect(clock.timers).toBe(1)
  })

  it('come for every open window that has the event, by end, then by key', () => {
    const { clock, source, taken } = driven(hopping({ size: 20, every: 10 }), {
      early: 5,
      key: (r) => r.sensor,
    })
    source.next(at(15, 1, 'b'))
    source.next(at(5, 1, 'a'))
    clock.runOut()
    expect(taken()).toEqual([
      [5, 'b', 0, 20, 1, 'early', 0],
      [5, 'a', 0, 20, 1, 'early', 0],
      [5, 'b', 10, 30, 1, 'early', 0],
    ])
  })

  it('come also while every event has been too far ahead to move the watermark', () => {
    const { clock, source, taken } = driven(tumbling(10), { early: 5, maxFutureDrift: 100 })
    source.next(at(1001))
    source.next(at(2001))
    clock.advanceBy(5)
    expect(taken()).toEqual([
      [5, undefined, 1000, 1010, 1, 'early', 0],
      [5, undefined, 2000, 2010, 1, 'early', 0],
    ])
  })

  it('come for those sessions alone that have changed', () => {
    const { clock, source, taken } = driven(session(100), { early: 5, key: (r) => r.sensor })
    source.next(at(0, 1, 'a'))
    clock.advanceBy(5)
    source.next(at(0, 1, 'b'))
    clock.advanceBy(5)
    expect(taken()).toEqual([
      [5, 'a', 0, 100, 1, 'early', 0],
      [10, 'b', 0, 100, 1, 'early', 0],
    ])
  })

  it('come for sessions', () => {
    const { clock, source, taken } = driven(session(100), { early: 5 })
    source.next(at(0))
    clock.advanceBy(5)
    source.next(at(50))
    clock.runOut()
    source.complete()
    expect(taken()).toEqual([
      [5, undefined, 0, 100, 1, 'early', 0],
      [10, undefined, 0, 150, 2, 'early', 1],
      [10, undefined, 0, 150, 2, 'flush', 2],
    ])
  })
})

describe('keys', () => {
  it('are compared by value, and fire by end, then first seen', () => {
    const seen: unknown[] = []
    of(at(1, 1, 'b'), at(2, 1, 'a'), at(3, 1, 'b'), at(11, 1, 'a'), at(12, 1, 'c'))
      .pipe(
        windowAggregate(tumbling(10), {
          timestamp: (r) => r.at,
          key: (r) => [r.sensor, r.value],
          aggregates: (a) => ({ n: a.count() }),
        }),
      )
      .subscribe(({ key, window, value }) => seen.push([key, window.start, value.n]))
    expect(seen).toEqual([
      [['b', 1], 0, 2],
      [['a', 1], 0, 1],
      [['a', 1], 10, 1],
      [['c', 1], 10, 1],
    ])
  })

  it('flush the least recently used where there may be only so many, and say so', () => {
    for (const spec of [tumbling(100), hopping({ size: 100, every: 100 }), session(100)]) {
      const evicted: unknown[] = []
      const { source, taken } = driven(spec, {
        key: (r) => r.sensor,
        maxKeys: 2,
        onEvicted: (e) => evicted.push(e),
      })
      for (const sensor of ['a', 'b', 'a', 'c']) source.next(at(1, 1, sensor))
      expect(taken()).toMatchObject([[0, 'b', expect.any(Number), expect.any(Number), 1, 'flush', 0]])
      expect(evicted).toEqual([{ key: 'b', reason: 'max-keys' }])
      source.complete()
      expect(taken()).toHaveLength(2)
    }
  })
})

describe('windows that leave gaps', () => {
  it('hand events between two windows to onDropped', () => {
    const dropped: number[] = []
    const { source, taken } = driven(hopping({ size: 10, every: 30 }), {
      onDropped: (r) => dropped.push(r.at),
    })
    for (const time of [5, 10, 29, 30, 35]) source.next(at(time))
    source.complete()
    expect(dropped).toEqual([10, 29])
    expect(taken().map((r) => (r as unknown[]).slice(2, 5))).toEqual([
      [0, 10, 1],
      [30, 40, 2],
    ])
  })
})

describe('an aggregate of one’s own', () => {
  it('may be an instance of a class', () => {
    class Longest {
      #unit = 's'
      create = () => 0
      add(into: number, reading: Reading): number {
        return Math.max(into, reading.value)
      }
      merge(into: number, from: number): number {
        return Math.max(into, from)
      }
      result(longest: number): string {
        return `${longest} ${this.#unit}`
      }
    }
    const seen: string[] = []
    of(at(1, 5), at(2, 7))
      .pipe(
        windowAggregate(tumbling(10), {
          timestamp: (r) => r.at,
          aggregates: (a) => ({ longest: a.custom(new Longest()) }),
        }),
      )
      .subscribe(({ value }) => seen.push(value.longest))
    expect(seen).toEqual(['7 s'])
  })
})

describe('windowAggregate refuses', () => {
  const aggregates = (a: Aggregates<unknown>) => ({ n: a.count() })
  it.each([
    [
      'no aggregates',
      () => windowAggregate(tumbling(1), { aggregates: () => ({}) }),
      'windowAggregate: aggregates must return at least one named aggregate, not an object with no keys',
    ],
    [
      'what is no aggregate',
      () => windowAggregate(tumbling(1), { aggregates: () => ({ n: 5 as never }) }),
      'windowAggregate: aggregates.n must be an aggregate such as a.count(), not the number 5',
    ],
    [
      'no window',
      () => windowAggregate({ size: 5 } as never, { aggregates }),
      'windowAggregate: the windows must be tumbling(...), hopping(...) or session(...), not an object with size',
    ],
    [
      'no keys',
      () => windowAggregate(tumbling(1), { aggregates, maxKeys: 0 }),
      'windowAggregate: maxKeys must be at least 1, not the number 0',
    ],
    [
      'a duration that is none',
      () => windowAggregate(tumbling(1), { aggregates, idle: -1 }),
      /^windowAggregate: idle must be a duration/,
    ],
    [
      'an aggregate of one’s own with a part missing',
      () =>
        windowAggregate(tumbling(1), {
          aggregates: (a) => ({ n: a.custom({ create: () => 0, add: (n: number) => n + 1 } as never) }),
        }),
      'custom: merge must be a function, not undefined',
    ],
    ['windows of no size', () => tumbling(0), 'tumbling: size must be longer than zero'],
    [
      'a fraction of a millisecond to hop by',
      () => windowAggregate(hopping({ size: 1, every: 0.3 }), { aggregates }),
      'hopping: every must be a whole number of milliseconds, not the number 0.3',
    ],
    [
      'a side output that is none',
      () => windowAggregate(tumbling(1), { aggregates, late: 5 as never }),
      'windowAggregate: late must be a function or an observer with next(), not the number 5',
    ],
  ])('%s', (_, make, message) => {
    expect(make).toThrow(message)
  })
})

for (const [name, spec] of [
  ['tumbling windows', tumbling(7)],
  ['hopping windows', hopping({ size: 12, every: 4 })],
  ['session windows', session(3)],
] as const) {
  conformance<Reading, unknown>(`windowAggregate over ${name}`, {
    operator: (scheduler) =>
      windowAggregate(spec, {
        timestamp: (r: Reading) => r.at,
        key: (r) => r.sensor,
        maxOutOfOrderness: 2,
        allowedLateness: 3,
        idle: '5s',
        early: '1s',
        aggregates: (a) => ({ n: a.count(), all: a.collect((r) => r.value) }),
        scheduler,
      }),
    input: (i) => at(i + (i % 5) * 4 - (i % 7) * 3, i, `s${i % 3}`),
    failing: (fail, scheduler, onError) =>
      windowAggregate(spec, {
        aggregates: (a) => ({ n: a.sum(fail) }),
        scheduler,
        ...(onError && { onError }),
      }),
    bounded: {
      keys: 1200,
      operator: (scheduler) =>
        windowAggregate(spec, {
          timestamp: (r) => r.at,
          key: (r) => r.value,
          aggregates: (a) => ({ n: a.count() }),
          maxKeys: 1200,
          scheduler,
        }),
    },
  })
}
