import { of, toArray } from 'rxjs'
import { describe, expect, expectTypeOf, it } from 'vitest'
import { conformance } from '../../test/conformance.ts'
import { at, driven, type Reading } from '../../test/driven-windows.ts'
import type { WindowResult } from '../engine/window-engine.ts'
import type { Aggregates } from './aggregates.ts'
import { hopping, session, tumbling } from './spec.ts'
import { windowAggregate } from './window-aggregate.ts'

describe('windowAggregate over tumbling windows', () => {
  it('emits one result for each window, with every aggregate by its name', () => {
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
          readonly [string, number],
          {
            readonly n: number
            readonly mean: number
            readonly noted: string | null
            readonly first: Reading
            readonly notes: readonly string[]
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
      "tumbling: size must be a duration such as 1500, '250ms', '30s', '5m', '1h' or '1d', not the string \"1y\"",
    )
  })
})

describe('sessions', () => {
  it('that a late event merges continue with the higher revision', () => {
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

  it('evict no key for a late event, also if maxDuration is less than the gap', () => {
    const { source, taken } = driven(session(100, { maxDuration: 5 }), { key: (r) => r.sensor, maxKeys: 1 })
    source.next(at(100))
    source.next(at(50, 1, 'b'))
    expect(taken()).toEqual([])
    source.complete()
    expect(taken()).toEqual([[0, 'a', 100, 105, 1, 'flush', 0]])
  })
})

describe('keys', () => {
  it('are compared by value, and fire in the order of end and then of first arrival', () => {
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

  it('flush the least recently used key with `maxKeys`, and tell onEvicted', () => {
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
  it('pass events between two windows to onDropped', () => {
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

describe('a custom aggregate', () => {
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
      'windowAggregate: the result of aggregates must be an object with an aggregate, not an object with no keys',
    ],
    [
      'what is no aggregate',
      () => windowAggregate(tumbling(1), { aggregates: () => ({ n: 5 as never }) }),
      'windowAggregate: aggregates.n must be an aggregate such as a.count(), not the number 5',
    ],
    [
      'no window',
      () => windowAggregate({ size: 5 } as never, { aggregates }),
      'windowAggregate: spec must be tumbling(...), hopping(...) or session(...), not an object with size',
    ],
    [
      'no keys',
      () => windowAggregate(tumbling(1), { aggregates, maxKeys: 0 }),
      'windowAggregate: maxKeys must be a whole number of at least 1, or Infinity, not the number 0',
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
    ['windows of no size', () => tumbling(0), 'tumbling: size must be a duration longer than zero'],
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
    operator: (options) =>
      windowAggregate(spec, {
        ...options,
        timestamp: (r: Reading) => r.at,
        key: (r) => r.sensor,
        maxOutOfOrderness: 2,
        allowedLateness: 3,
        idle: '5s',
        early: '1s',
        aggregates: (a) => ({ n: a.count(), all: a.collect((r) => r.value) }),
      }),
    input: (i) => at(i + (i % 5) * 4 - (i % 7) * 3, i, `s${i % 3}`),
    failing: (fail, options) =>
      windowAggregate(spec, { ...options, aggregates: (a) => ({ n: a.sum(fail) }) }),
    bounded: {
      keys: 1200,
      operator: (options) =>
        windowAggregate(spec, {
          ...options,
          timestamp: (r) => r.at,
          key: (r) => r.value,
          aggregates: (a) => ({ n: a.count() }),
          maxKeys: 1200,
        }),
    },
  })
}
