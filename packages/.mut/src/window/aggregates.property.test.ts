import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Aggregate } from '../engine/aggregates/aggregate.ts'
import { AggregateRow } from '../engine/aggregates/aggregate-row.ts'
import type { Slot } from '../engine/aggregates/cells.ts'
import { getAggregates } from './aggregates.ts'

interface Item {
  readonly at: number
  readonly x: number
  readonly maybe: number | null
  readonly word: string
}

const a = getAggregates<Item>()
const item = fc.record({
  at: fc.integer({ min: 0, max: 9 }),
  x: fc.integer({ min: -1000, max: 1000 }),
  maybe: fc.option(fc.integer({ min: -9, max: 9 })),
  word: fc.constantFrom('a', 'b', 'c', 'd', ''),
})
/** In event time, as windows hand their parts to a merge. */
const items = fc
  .array(item, { minLength: 1, maxLength: 60, size: 'max' })
  .map((list) => list.toSorted((p, q) => p.at - q.at))
const parts = fc
  .array(items, { minLength: 3, maxLength: 3 })
  .map((lists) => lists.map((list, i) => list.map((it) => ({ ...it, at: it.at + 100 * i }))))

const numbers = (list: readonly Item[]) => list.map((it) => it.maybe).filter((n) => n !== null)
const total = (list: readonly number[]) => list.reduce((sum, n) => sum + n, 0)
const orNull = (list: readonly number[], f: (list: readonly number[]) => number) =>
  list.length === 0 ? null : f(list)
const rankedAt = (list: readonly number[], q: number) =>
  list.toSorted((p, r) => p - r)[Math.floor(q * (list.length - 1))]
const spread = (list: readonly number[]) => total(list.map((n) => (n - total(list) / list.length) ** 2))

/** Each aggregate, with what it stands for, written the slow way. */
const catalogue: Record<
  string,
  { aggregate: Aggregate<Item, unknown>; slow: (list: readonly Item[]) => unknown; close?: true }
> = {
  count: { aggregate: a.count(), slow: (l) => l.length },
  'count with a test': {
    aggregate: a.count((it) => it.x > 0),
    slow: (l) => l.filter((it) => it.x > 0).length,
  },
  sum: { aggregate: a.sum((it) => it.x), slow: (l) => total(l.map((it) => it.x)) },
  'sum of what may be missing': {
    aggregate: a.sum((it) => it.maybe),
    slow: (l) => orNull(numbers(l), total),
  },
  avg: {
    aggregate: a.avg((it) => it.maybe),
    slow: (l) => orNull(numbers(l), (n) => total(n) / n.length),
    close: true,
  },
  min: { aggregate: a.min((it) => it.maybe), slow: (l) => orNull(numbers(l), (n) => Math.min(...n)) },
  max: {
    aggregate: a.max((it) => it.word),
    slow: (l) =>
      l
        .map((it) => it.word)
        .toSorted()
        .at(-1),
  },
  variance: {
    aggregate: a.variance((it) => it.x),
    slow: (l) => spread(l.map((it) => it.x)) / l.length,
    close: true,
  },
  'variance of a sample': {
    aggregate: a.variance((it) => it.x, 'sample'),
    slow: (l) => (l.length === 1 ? null : spread(l.map((it) => it.x)) / (l.length - 1)),
    close: true,
  },
  'variance of what may be missing': {
    aggregate: a.variance((it) => it.maybe),
    slow: (l) => orNull(numbers(l), (n) => spread(n) / n.length),
    close: true,
  },
  first: { aggregate: a.first(), slow: (l) => l[0] },
  last: { aggregate: a.last(), slow: (l) => l.at(-1) },
  'last of a field': {
    aggregate: a.last((it) => it.x),
    slow: (l) => l.at(-1)?.x,
  },
  topK: { aggregate: a.topK(3, (it) => it.x), slow: (l) => l.toSorted((p, q) => q.x - p.x).slice(0, 3) },
  collect: { aggregate: a.collect((it) => it.x), slow: (l) => l.map((it) => it.x) },
  collectDistinct: {
    aggregate: a.collectDistinct((it) => it.word),
    slow: (l) => [...new Set(l.map((it) => it.word))],
  },
  countDistinct: { aggregate: a.countDistinct((it) => it.maybe), slow: (l) => new Set(numbers(l)).size },
  approxCountDistinct: {
    aggregate: a.approxCountDistinct((it) => it.maybe, { precision: 12 }),
    slow: (l) => new Set(numbers(l)).size,
  },
  quantile: {
    aggregate: a.quantile((it) => it.x, 0.25, { relativeError: 1e-10 }),
    slow: (l) =>
      rankedAt(
        l.map((it) => it.x),
        0.25,
      ),
    close: true,
  },
  'several quantiles of what may be missing': {
    aggregate: a.quantile((it) => it.maybe, [0, 0.5, 1], { relativeError: 1e-10 }),
    slow: (l) => (numbers(l).length === 0 ? null : [0, 0.5, 1].map((q) => rankedAt(numbers(l), q))),
    close: true,
  },
  custom: {
    aggregate: a.custom({
      create: () => '',
      add: (s, it) => s + it.word,
      merge: (s, t) => s + t,
      result: (s) => s.length,
    }),
    slow: (l) => l.map((it) => it.word).join('').length,
  },
}

const whole = Object.entries(catalogue).flatMap(([name, aggregate]) => [
  { name, ...aggregate, atomic: true },
  { name: `${name}, not atomic`, ...aggregate, atomic: false },
])

describe.each(whole)('$name', ({ aggregate, slow, close, atomic }) => {
  const same = (got: unknown, wanted: unknown) => {
    expect(got).toEqual(close ? nearly(wanted) : wanted)
  }
  /** A row of this aggregate between two others, so that cells that are not its own would show. */
  const row = () => {
    const before = a.sum((it) => it.x)
    const after = a.topK(2, (it) => it.at)
    const all = new AggregateRow<Item, { readonly value: unknown }>(
      { before, value: aggregate, after },
      { atomic },
    )
    const added = (slot: Slot, list: readonly Item[]): Slot => {
      for (const it of list) {
        all.read(it, it.at)
        all.add(slot)
      }
      return slot
    }
    return {
      createFoldAggregate: (list: readonly Item[]): Slot => added(all.create(), list),
      added,
      merged(into: Slot, from: Slot): Slot {
        all.merge(into, from)
        return into
      },
      copy: (of: Slot) => all.copy(of),
      release: (slot: Slot) => all.release(slot),
      result: (slot: Slot) => all.result(slot).value,
      size: () => all.size,
    }
  }

  it('is what the slow way gives', () => {
    const { createFoldAggregate, result } = row()
    fc.assert(fc.property(items, (list) => same(result(createFoldAggregate(list)), slow(list))))
  })

  it('does not change when merged with an empty accumulator, on either side', () => {
    const { createFoldAggregate, merged, result } = row()
    fc.assert(
      fc.property(items, (list) => {
        same(result(merged(createFoldAggregate([]), createFoldAggregate(list))), slow(list))
        same(result(merged(createFoldAggregate(list), createFoldAggregate([]))), slow(list))
      }),
    )
  })

  it('merges in any grouping, and does not change the other accumulator', () => {
    const { createFoldAggregate, merged, result } = row()
    fc.assert(
      fc.property(parts, ([p = [], q = [], r = []]) => {
        const [x, y, z] = [createFoldAggregate(p), createFoldAggregate(q), createFoldAggregate(r)]
        const left = merged(merged(createFoldAggregate(p), y), z)
        const right = merged(x, merged(createFoldAggregate(q), z))
        same(result(left), slow([...p, ...q, ...r]))
        same(result(right), slow([...p, ...q, ...r]))
        same(result(y), slow(q))
        same(result(z), slow(r))
      }),
    )
  })

  it('can add events after a merge', () => {
    const { createFoldAggregate, merged, added, result } = row()
    fc.assert(
      fc.property(parts, ([p = [], q = [], r = []]) => {
        same(
          result(added(merged(createFoldAggregate(p), createFoldAggregate(q)), r)),
          slow([...p, ...q, ...r]),
        )
      }),
    )
  })

  it('can be copied, and does not change with the copy', () => {
    const { createFoldAggregate, merged, copy, result } = row()
    fc.assert(
      fc.property(items, parts, (list, [q = []]) => {
        const one = createFoldAggregate(list)
        const other = copy(one)
        same(result(other), slow(list))
        const late = q.map((it) => ({ ...it, at: it.at + 1000 }))
        merged(other, createFoldAggregate(late))
        same(result(one), slow(list))
        same(result(other), slow([...list, ...late]))
      }),
    )
  })

  it('is not affected by an accumulator that used its slot before', () => {
    const { createFoldAggregate, copy, release, result, size } = row()
    fc.assert(
      fc.property(parts, ([p = [], q = []]) => {
        const first = createFoldAggregate(p)
        release(first)
        const second = createFoldAggregate(q)
        same(result(second), slow(q))
        const third = copy(second)
        same(result(third), slow(q))
        release(second)
        release(third)
        expect(size()).toBe(0)
      }),
    )
  })

  it('adds an event like merging that event alone', () => {
    const { createFoldAggregate, merged, result } = row()
    fc.assert(
      fc.property(items, item, (list, one) => {
        const late = { ...one, at: 1000 }
        same(
          result(createFoldAggregate([...list, late])),
          result(merged(createFoldAggregate(list), createFoldAggregate([late]))),
        )
      }),
    )
  })

  it('uses event time, not arrival, if the order matters', () => {
    const distinctTimes = fc
      .uniqueArray(item, { minLength: 1, maxLength: 9, selector: (it) => it.at })
      .chain((list) =>
        fc.record({
          list: fc.constant(list.toSorted((p, q) => p.at - q.at)),
          order: fc.shuffledSubarray(list, { minLength: list.length }),
        }),
      )
    const { createFoldAggregate, result } = row()
    fc.assert(
      fc.property(distinctTimes, ({ list, order }) => {
        const tied = (l: readonly Item[]) => new Set(l.map((it) => it.x)).size < l.length
        fc.pre(!tied(list))
        same(result(createFoldAggregate(order)), slow(list))
      }),
    )
  })
})

/** Matches the number, or each one of a list, but for what rounding may have done. */
function nearly(wanted: unknown): unknown {
  if (Array.isArray(wanted)) return wanted.map(nearly)
  return typeof wanted === 'number' ? expect.closeTo(wanted, 6) : wanted
}
