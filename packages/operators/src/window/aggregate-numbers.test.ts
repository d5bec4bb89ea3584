import fc from 'fast-check'
import { from } from 'rxjs'
import { describe, expect, expectTypeOf, it } from 'vitest'
import type { Aggregate } from '../engine/aggregates/aggregate.ts'
import type { Aggregates, NullableAggregate } from './aggregates.ts'
import { hopping, tumbling } from './spec.ts'
import { windowAggregate } from './window-aggregate.ts'

interface Sample<V> {
  readonly at: number
  readonly value: V
}

/** The results of one window over the values: folded at once, from slices, and with `onError`. They must be the same. */
function results<V, R>(
  values: readonly V[],
  aggregate: (a: Aggregates<Sample<V>>) => Aggregate<Sample<V>, R>,
): R {
  const all: R[] = []
  const samples = values.map((value, at) => ({ at, value }))
  for (const [spec, onError] of [
    [tumbling(1000), undefined],
    [hopping({ size: 1000, every: 1 }), undefined],
    [tumbling(1000), () => {}],
  ] as const) {
    from(samples)
      .pipe(
        windowAggregate(spec, {
          timestamp: (s) => s.at,
          ...(onError !== undefined && { onError }),
          aggregates: (a: Aggregates<Sample<V>>) => ({ r: aggregate(a) }),
        }),
      )
      .subscribe(({ window, value }) => {
        if (window.start === 0) all.push(value.r)
      })
  }
  expect(all).toHaveLength(3)
  for (const each of all) expect(each).toEqual(all[0])
  return all[0] as R
}

describe('the variance', () => {
  it.each([1e15, -1e15, 1e12, 0])('is as exact far from 0 as near it: around %d', (center) => {
    const steps = Array.from({ length: 20_000 }, (_, i) => (i % 2) * 0.5 + (i % 3) * 0.25)
    const mean = steps.reduce((a, b) => a + b) / steps.length
    const expected = steps.reduce((sum, step) => sum + (step - mean) ** 2, 0) / steps.length
    const samples = steps.map((step, at) => ({ at, value: center + step }))
    for (const every of [20_000, 100]) {
      const seen: number[] = []
      from(samples)
        .pipe(
          windowAggregate(hopping({ size: 20_000, every }), {
            timestamp: (s) => s.at,
            aggregates: (a) => ({ variance: a.variance((s) => s.value) }),
          }),
        )
        .subscribe(({ window, value }) => {
          if (window.start === 0) seen.push(value.variance)
        })
      expect(seen).toHaveLength(1)
      expect(seen[0]).toBeCloseTo(expected, 9)
    }
  })
})

describe('nulls', () => {
  it('are ignored by every aggregate, as SQL ignores NULL', () => {
    const values = [null, 3, undefined, 1, 3, null]
    expect(results(values, (a) => a.first((s) => s.value))).toBe(3)
    expect(results(values, (a) => a.last((s) => s.value))).toBe(3)
    expect(results(values, (a) => a.collect((s) => s.value))).toEqual([3, 1, 3])
    expect(results(values, (a) => a.collectDistinct((s) => s.value))).toEqual([3, 1])
    expect(results(values, (a) => a.countDistinct((s) => s.value))).toBe(2)
    expect(results(values, (a) => a.approxCountDistinct((s) => s.value))).toBe(2)
    expect(results(values, (a) => a.topK(2, (s) => s.value))).toEqual([
      { at: 1, value: 3 },
      { at: 4, value: 3 },
    ])
    expect(results(values, (a) => a.sum((s) => s.value))).toBe(7)
    expect(results(values, (a) => a.min((s) => s.value))).toBe(1)
    expect(results(values, (a) => a.quantile((s) => s.value, 1))).toBe(3)
  })

  it('alone give null, or an empty list', () => {
    const values = [null, undefined]
    type Nulls = Aggregates<Sample<null | undefined>>
    const select = (s: Sample<null | undefined>) => s.value
    const selections: readonly ((a: Nulls) => Aggregate<Sample<null | undefined>, unknown>)[] = [
      (a) => a.sum(select),
      (a) => a.avg(select),
      (a) => a.min(select),
      (a) => a.max(select),
      (a) => a.first(select),
      (a) => a.last(select),
      (a) => a.variance(select),
    ]
    for (const selection of selections) expect(results(values, selection)).toBe(null)
    expect(results(values, (a) => a.collect((s) => s.value))).toEqual([])
    expect(results(values, (a) => a.topK(2, (s) => s.value))).toEqual([])
  })

  it('are in the type of a first or last value that may be missing', () => {
    const build = (a: Aggregates<{ readonly price?: number; readonly name: string }>) => ({
      last: a.last((e) => e.price),
      name: a.first((e) => e.name),
      prices: a.collect((e) => e.price),
    })
    expectTypeOf<ReturnType<typeof build>['last']>().toEqualTypeOf<
      NullableAggregate<{ readonly price?: number; readonly name: string }, number | null>
    >()
    expectTypeOf<ReturnType<typeof build>['name']>().toEqualTypeOf<
      NullableAggregate<{ readonly price?: number; readonly name: string }, string>
    >()
    expectTypeOf<ReturnType<typeof build>['prices']>().toEqualTypeOf<
      Aggregate<{ readonly price?: number; readonly name: string }, readonly number[]>
    >()
  })
})

describe('numbers', () => {
  it('have quantiles between the smallest and the largest, which are exact', () => {
    expect(results([100, 100, 100], (a) => a.quantile((s) => s.value, [0, 0.5, 1]))).toEqual([100, 100, 100])
    const value = fc.double({ noNaN: true })
    fc.assert(
      fc.property(
        fc.array(value, { minLength: 1, maxLength: 30 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (values, q) => {
          const [low, at, high] = results(values, (a) => a.quantile((s) => s.value, [0, q, 1])) as number[]
          expect(low).toBe(Math.min(...values) + 0)
          expect(high).toBe(Math.max(...values) + 0)
          expect(at).toBeGreaterThanOrEqual(low as number)
          expect(at).toBeLessThanOrEqual(high as number)
        },
      ),
      { numRuns: 200 },
    )
  })

  it('of any size are summed exactly as bigints', () => {
    expect(results([2n ** 60n, null, 1n, -3n], (a) => a.sumBigInt((s) => s.value))).toBe(2n ** 60n - 2n)
    expect(results([null], (a) => a.sumBigInt((s) => s.value))).toBe(null)
  })

  it('have a variance that is finite where it can be, whatever the options', () => {
    expect(results([1e155, 1e155], (a) => a.variance((s) => s.value))).toBe(0)
    expect(results([1e154], (a) => a.variance((s) => s.value))).toBe(0)
  })

  it('have extremes that do not depend on the order: of 0 and -0, of invalid dates, of NaN', () => {
    for (const values of [
      [0, -0],
      [-0, 0],
    ]) {
      expect(results(values, (a) => a.min((s) => s.value))).toBe(0)
      expect(results(values, (a) => a.max((s) => s.value))).toBe(0)
    }
    const invalid = new Date(Number.NaN)
    for (const values of [
      [invalid, new Date(5)],
      [new Date(5), invalid],
      [new Date(5), invalid, new Date(1), new Date(9)],
    ]) {
      expect(results(values, (a) => a.min((s) => s.value))).toEqual(invalid)
      expect(results(values, (a) => a.max((s) => s.value))).toEqual(invalid)
    }
  })
})
