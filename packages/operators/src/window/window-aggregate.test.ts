import { of, toArray } from 'rxjs'
import { describe, expect, expectTypeOf, it } from 'vitest'
import { tumbling, type WindowResult, windowAggregate } from '../index.ts'

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
