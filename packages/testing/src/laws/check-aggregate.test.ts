import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type CheckedAggregate, checkAggregate } from './check-aggregate.ts'

const sum: CheckedAggregate<number, number, number> = {
  create: () => 0,
  add: (into, n) => into + n,
  merge: (into, from) => into + from,
  result: (n) => n,
}
const list: CheckedAggregate<number, readonly number[], number[]> = {
  create: () => [],
  add(into, n) {
    into.push(n)
    return into
  },
  merge: (into, from) => [...into, ...from],
  result: (numbers) => numbers.toSorted((a, b) => a - b),
}
const event = fc.integer({ min: -9, max: 9 })

describe('checkAggregate', () => {
  it('passes aggregates that windows can use', () => {
    checkAggregate(sum, { event, cloneable: true })
    checkAggregate(sum, { event: fc.double({ noNaN: true, min: -1e6, max: 1e6 }) })
    checkAggregate(list, { event })
    // The last value in event time; of equal times, the largest.
    type Last = { readonly at: number; readonly n: number } | undefined
    const later = (a: Last, b: Last) =>
      a === undefined || (b !== undefined && (b.at > a.at || (b.at === a.at && b.n > a.n))) ? b : a
    checkAggregate<number, number | undefined, Last>(
      { create: () => undefined, add: (a, n, at) => later(a, { at, n }), merge: later, result: (a) => a?.n },
      { event },
    )
  })

  it.each<[string, Partial<CheckedAggregate<number, unknown, never>>, typeof sum | typeof list]>([
    [
      'merge must be associative',
      { merge: (a: number, b: number) => 2 * a + b - (b === 0 ? a : 0) } as never,
      sum,
    ],
    ['merging into what create returns must change nothing', { create: () => 1 } as never, sum],
    [
      'merging what create returns must change nothing',
      { merge: (_: number, from: number) => from } as never,
      sum,
    ],
    [
      'adding events must equal merging their accumulator',
      { merge: Math.max, result: Math.abs } as never,
      {
        ...sum,
        create: () => 0,
        add: (into: number, n: number) => into + Math.abs(n),
      },
    ],
    [
      'the order in which events arrive must not matter',
      { result: (numbers: number[]) => numbers.join() } as never,
      list,
    ],
    [
      'merge must not change its second accumulator',
      {
        merge: (into: number[], from: number[]) => {
          from.unshift(...into)
          return from
        },
      } as never,
      list,
    ],
    [
      'result must not change the accumulator',
      { result: (numbers: number[]) => numbers.pop() } as never,
      list,
    ],
    [
      'create must return a new accumulator each time',
      {
        create: (
          (shared: number[]) => () =>
            shared
        )([]),
      } as never,
      list,
    ],
  ])('finds that %s', (law, change, base) => {
    const broken = { ...base, ...change } as CheckedAggregate<number, unknown, unknown>
    expect(() => checkAggregate(broken, { event, seed: 1 })).toThrow(`checkAggregate: ${law}`)
  })

  it('takes Infinity for no other number, though it is the identity of every minimum', () => {
    const least: CheckedAggregate<number, number, number> = {
      create: () => Number.POSITIVE_INFINITY,
      add: Math.min,
      merge: Math.min,
      result: (n) => n,
    }
    checkAggregate(least, { event })
    expect(() => checkAggregate({ ...least, merge: () => Number.POSITIVE_INFINITY }, { event })).toThrow(
      'checkAggregate: merging',
    )
  })

  it('passes aggregates of maps and sets, whose order says nothing', () => {
    const name = fc.constantFrom('a', 'b', 'c')
    const counts: CheckedAggregate<string, Map<string, number>, Map<string, number>> = {
      create: () => new Map(),
      add: (into, key) => into.set(key, (into.get(key) ?? 0) + 1),
      merge(into, from) {
        const merged = new Map(into)
        for (const [key, n] of from) merged.set(key, (merged.get(key) ?? 0) + n)
        return merged
      },
      result: (map) => new Map(map),
    }
    checkAggregate(counts, { event: name })
    expect(() => checkAggregate({ ...counts, merge: (into) => into }, { event: name })).toThrow()
    const members: CheckedAggregate<string, Set<string>, Set<string>> = {
      create: () => new Set(),
      add: (into, key) => into.add(key),
      merge: (into, from) => new Set([...into, ...from]),
      result: (set) => new Set(set),
    }
    checkAggregate(members, { event: name })
    expect(() => checkAggregate({ ...members, merge: (into) => into }, { event: name })).toThrow()
  })

  it('passes an aggregate that leaves events with equal timestamps in the order of arrival', () => {
    type Stamped = { readonly n: number; readonly at: number }
    const sorted: CheckedAggregate<number, number[], Stamped[]> = {
      create: () => [],
      add: (into, n, at) => [...into, { n, at }],
      merge: (into, from) => [...into, ...from],
      result: (list) => list.toSorted((a, b) => a.at - b.at).map(({ n }) => n),
    }
    checkAggregate(sorted, { event })
  })

  it('shows the smallest events that break a law', () => {
    const texts = { ...list, result: (numbers: readonly number[]) => numbers.join() }
    expect(() => checkAggregate(texts, { event: fc.nat(5), timestamp: fc.nat(5), seed: 1 })).toThrow(
      'checkAggregate: the order in which events arrive must not matter. With the parts',
    )
    let message = ''
    try {
      checkAggregate(texts, { event: fc.nat(5), timestamp: fc.nat(5), seed: 1 })
    } catch (error) {
      message = (error as Error).message
    }
    expect(message).toMatch(/[01] at 0.*[01] at 1.* it gives "[01],[01]", not "[01],[01]" \(seed 1\)$/)
  })

  it('reports what a function throws, and an accumulator that cannot be cloned', () => {
    const throwing = {
      ...sum,
      merge() {
        throw new Error('boom')
      },
    }
    expect(() => checkAggregate(throwing, { event })).toThrow('it throws boom')
    class Box {
      #n = 0
      add(n: number) {
        this.#n += n
        return this
      }
      get n() {
        return this.#n
      }
    }
    const boxed: CheckedAggregate<number, number, Box> = {
      create: () => new Box(),
      add: (into, n) => into.add(n),
      merge: (into, from) => into.add(from.n),
      result: (box) => box.n,
    }
    checkAggregate(boxed, { event })
    expect(() => checkAggregate(boxed, { event, cloneable: true })).toThrow(
      'an accumulator must survive structuredClone',
    )
  })

  it('takes what equal says, and refuses an aggregate without a function', () => {
    checkAggregate(
      { ...list, result: (numbers: readonly number[]) => numbers.join() },
      { event, equal: (a, b) => a.length === b.length },
    )
    expect(() => checkAggregate({ ...sum, merge: undefined } as never, { event })).toThrow(
      new TypeError('checkAggregate: merge must be a function, not undefined'),
    )
  })

  it.each<[string, object]>([
    ['checkAggregate: event must be', {}],
    ['checkAggregate: timestamp must be', { event, timestamp: 5 }],
    ['checkAggregate: equal must be', { event, equal: true }],
    ['checkAggregate: runs must be', { event, runs: 0 }],
    ['checkAggregate: runs must be', { event, runs: Number.NaN }],
  ])('names a wrong option, with which nothing would be checked: %s', (message, options) => {
    expect(() => checkAggregate(sum, options as never)).toThrow(message)
  })
})
