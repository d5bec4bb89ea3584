import { VirtualClock } from '@rxsse/testing/virtual-time'
import { Subject } from 'rxjs'
import { expect, it } from 'vitest'
import type { Aggregate } from '../engine/aggregates/aggregate.ts'
import { AggregateRow } from '../engine/aggregates/aggregate-row.ts'
import type { Slot } from '../engine/aggregates/cells.ts'
import { getAggregates } from './aggregates.ts'
import { tumbling } from './spec.ts'
import { windowAggregate } from './window-aggregate.ts'

interface Item {
  readonly at: number
  readonly x: number
  readonly maybe: number | null
  readonly word: string
}

const a = getAggregates<Item>()

/** What an aggregate makes of these values of `x`. */
function over(aggregate: Aggregate<Item, unknown>, xs: readonly number[]): unknown {
  const row = new AggregateRow<Item, { readonly value: unknown }>({ value: aggregate }, { atomic: false })
  const slot = row.create()
  for (const x of xs) {
    row.read({ at: 0, x, maybe: null, word: '' }, 0)
    row.add(slot)
  }
  return row.result(slot).value
}

it('adds floats without accumulating rounding errors', () => {
  const sum = a.sum((it) => it.x)
  expect(over(sum, [1, 1e100, 1, -1e100])).toBe(2)
  expect(over(sum, Array(1_000_000).fill(0.1))).toBe(100_000)
})

it('takes the selected value, or the event itself without a selector', () => {
  const event = { at: 0, x: 3, maybe: null, word: '' }
  for (const [aggregate, selected] of [
    [a.first(), event],
    [a.first((it) => it.x), 3],
    [a.last(), event],
    [a.last((it) => it.x), 3],
    [a.collect(), [event]],
    [a.collect((it) => it.x), [3]],
  ] as const)
    expect(over(aggregate, [3])).toEqual(selected)
})

it('keeps the rounding error through merges and copies, and clears it for the next accumulator', () => {
  const xs = [1, 1e100, 1, -1e100]
  const row = new AggregateRow<Item, { readonly sum: unknown; readonly spread: unknown }>(
    { sum: a.sum((it) => it.x), spread: a.variance((it) => it.x) },
    { atomic: false },
  )
  const createFoldAggregate = (list: readonly number[]): Slot => {
    const slot = row.create()
    for (const x of list) {
      row.read({ at: 0, x, maybe: null, word: '' }, 0)
      row.add(slot)
    }
    return slot
  }
  for (let cut = 0; cut <= xs.length; cut++) {
    const one = createFoldAggregate(xs.slice(0, cut))
    const other = createFoldAggregate(xs.slice(cut))
    row.merge(one, other)
    const copy = row.copy(one)
    expect([row.result(one).sum, row.result(copy).sum]).toEqual([2, 2])
    for (const slot of [one, other, copy]) row.release(slot)
    expect(row.result(createFoldAggregate([5])).sum).toBe(5)
  }
  const spoilt = createFoldAggregate([Number.POSITIVE_INFINITY, Number.NaN])
  row.release(spoilt)
  expect(row.result(createFoldAggregate([5, 7]))).toEqual({ sum: 12, spread: 1 })
})

it('ignores missing values, null and undefined', () => {
  const values = [undefined, 4, null]
  const selected = (it: Item) => values[it.x]
  for (const [aggregate, result] of [
    [a.sum(selected), 4],
    [a.countDistinct(selected), 1],
    [a.approxCountDistinct(selected), 1],
    [a.max(selected), 4],
  ] as const)
    expect(over(aggregate, [0, 1, 2])).toBe(result)
})

it('uses event time also if an earlier event comes after a merge, or has the same score', () => {
  const row = new AggregateRow<Item, { readonly words: unknown; readonly top: unknown }>(
    { words: a.collectDistinct((it) => it.word), top: a.topK(1, (it) => it.x) },
    { atomic: false },
  )
  const added = (slot: Slot, at: number, word: string): Slot => {
    row.read({ at, x: 0, maybe: null, word }, at)
    row.add(slot)
    return slot
  }
  const slot = added(row.create(), 5, 'x')
  row.merge(slot, added(row.create(), 10, 'y'))
  added(slot, 1, 'y')
  expect(row.result(slot)).toMatchObject({ words: ['y', 'x'], top: [{ at: 1 }] })
})

it('handles infinities and NaN in a sum as IEEE 754 does', () => {
  const sum = a.sum((it) => it.x)
  expect(over(sum, [1, Number.POSITIVE_INFINITY, 2])).toBe(Number.POSITIVE_INFINITY)
  expect(over(sum, [1, Number.NaN])).toBeNaN()
})

it('returns NaN as minimum and maximum, like Math.min, wherever it comes', () => {
  for (const xs of [
    [Number.NaN, 1, 2],
    [1, Number.NaN, 2],
    [1, 2, Number.NaN],
  ]) {
    expect(
      over(
        a.min((it) => it.x),
        xs,
      ),
    ).toBeNaN()
    expect(
      over(
        a.max((it) => it.x),
        xs,
      ),
    ).toBeNaN()
  }
})

it('compares all values that `<` orders, also numbers with other values', () => {
  const kinds = [3, 10n, new Date(5), true]
  expect(
    over(
      a.max((it) => kinds[it.x]),
      [0, 1, 2, 3],
    ),
  ).toBe(10n)
  expect(
    over(
      a.min((it) => kinds[it.x]),
      [0, 1, 2, 3],
    ),
  ).toBe(true)
  expect(
    over(
      a.min((it) => kinds[it.x]),
      [7],
    ),
  ).toBeNull()
})

it('throws for a value that is no number', () => {
  const text = '5' as unknown as number
  expect(() =>
    over(
      a.sum(() => text),
      [0],
    ),
  ).toThrow('sum: the selected value must be a number, not the string "5"')
  expect(() =>
    over(
      a.topK(1, () => text),
      [0],
    ),
  ).toThrow(/^topK: the score must be a number/)
  expect(() => a.topK(0, (it) => it.x)).toThrow(/^topK: k must be a whole number of at least 1/)
  expect(() => a.quantile((it) => it.x, 1.1)).toThrow(/^quantile: q must be a number from 0 to 1/)
  for (const relativeError of [0, 1e-12, 1, Number.NaN]) {
    expect(() => a.quantile((it) => it.x, 0.5, { relativeError })).toThrow(
      /^quantile: relativeError must be a number from 1e-11 to less than 1/,
    )
  }
  for (const precision of [3, 4.5, 19, Number.NaN]) {
    expect(() => a.approxCountDistinct((it) => it.x, { precision })).toThrow(
      /^approxCountDistinct: precision must be/,
    )
  }
})

it('does not change what it has emitted, if a custom aggregate returns its accumulator', () => {
  const clock = new VirtualClock()
  const source = new Subject<number>()
  const seen: (readonly number[])[] = []
  source
    .pipe(
      windowAggregate(tumbling(10), {
        timestamp: (at) => at,
        allowedLateness: 100,
        early: 1,
        scheduler: clock,
        aggregates: (own) => ({
          list: own.custom<readonly number[], number[]>({
            create: () => [],
            add(list, at) {
              list.push(at)
              return list
            },
            merge: (list, from) => [...list, ...from],
            result: (list) => list,
          }),
        }),
      }),
    )
    .subscribe(({ value }) => seen.push(value.list))
  for (const at of [1, 2, 15, 3]) {
    source.next(at)
    clock.advanceBy(1)
  }
  source.complete()
  expect(seen).toEqual([[1], [1, 2], [1, 2], [15], [1, 2, 3], [15]])
})
