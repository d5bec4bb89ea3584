import type { Aggregate } from './aggregate.ts'

/** What `<` orders. Dates compare by their time. */
export type Comparable = number | string | bigint | boolean | Date

type Maybe<V> = V | null | undefined

export function min<T, V extends Maybe<Comparable>>(
  select: (event: T) => V,
): Aggregate<T, NonNullable<V> | null, V, Maybe<V>> {
  return extreme(select, (a, b) => a < b)
}

export function max<T, V extends Maybe<Comparable>>(
  select: (event: T) => V,
): Aggregate<T, NonNullable<V> | null, V, Maybe<V>> {
  return extreme(select, (a, b) => a > b)
}

function extreme<T, V extends Maybe<Comparable>>(
  select: (event: T) => V,
  beats: (a: NonNullable<V>, b: NonNullable<V>) => boolean,
): Aggregate<T, NonNullable<V> | null, V, Maybe<V>> {
  function better(into: Maybe<V>, value: Maybe<V>): Maybe<V> {
    if (value === null || value === undefined) return into
    // A NaN is never beaten and beats everything, as in Math.min: otherwise the answer would depend on the order.
    if (into === null || into === undefined || beats(value, into) || Number.isNaN(value)) return value
    return into
  }
  return {
    read: select,
    create: () => null,
    add: better,
    merge: better,
    copy: itself,
    result: (best) => best ?? null,
  }
}

/** The first or last value in event time. Among equal timestamps, first means arrived first and last arrived last. */
interface Timed<V> {
  timestamp: number
  value: V
}

export function first<T, V>(select: (event: T) => V): Aggregate<T, V, V, Timed<V> | null> {
  return endmost(select, (timestamp, than) => timestamp < than)
}

export function last<T, V>(select: (event: T) => V): Aggregate<T, V, V, Timed<V> | null> {
  return endmost(select, (timestamp, than) => timestamp >= than)
}

function endmost<T, V>(
  select: (event: T) => V,
  replaces: (timestamp: number, than: number) => boolean,
): Aggregate<T, V, V, Timed<V> | null> {
  return {
    read: select,
    create: () => null,
    add: (into, value, timestamp) =>
      into === null || replaces(timestamp, into.timestamp) ? { timestamp, value } : into,
    merge: (into, from) =>
      from !== null && (into === null || replaces(from.timestamp, into.timestamp)) ? from : into,
    copy: itself,
    result(endmost) {
      if (endmost === null) throw new RangeError('an empty window has no first or last')
      return endmost.value
    },
  }
}

/** A ranked event. The earlier of two with equal scores ranks higher. */
interface Ranked<T> {
  readonly score: number
  readonly timestamp: number
  readonly event: T
}

export function topK<T>(
  k: number,
  by: (event: T) => number,
): Aggregate<T, readonly T[], { readonly score: number; readonly event: T }, Ranked<T>[]> {
  if (!Number.isInteger(k) || k < 1)
    throw new RangeError(`topK: k must be a whole number above 0, not ${String(k)}`)
  function place(ranks: Ranked<T>[], ranked: Ranked<T>): Ranked<T>[] {
    const lowest = ranks[k - 1]
    if (lowest !== undefined && !isAbove(ranked, lowest)) return ranks
    let at = ranks.length
    for (let above = ranks[at - 1]; above !== undefined && isAbove(ranked, above); above = ranks[at - 1]) at--
    ranks.splice(at, 0, ranked)
    if (ranks.length > k) ranks.pop()
    return ranks
  }
  return {
    read(event) {
      const score = by(event)
      if (typeof score === 'number' && !Number.isNaN(score)) return { score, event }
      throw new TypeError(`topK: expected a number to rank by, got ${String(score)}`)
    },
    create: () => [],
    add: (into, { score, event }, timestamp) => place(into, { score, timestamp, event }),
    merge: (into, from) => from.reduce(place, into),
    copy: (ranks) => ranks.slice(),
    result: (ranks) => ranks.map(({ event }) => event),
  }
}

function isAbove<T>(a: Ranked<T>, b: Ranked<T>): boolean {
  return a.score > b.score || (a.score === b.score && a.timestamp < b.timestamp)
}

/** The copy of what is never changed. */
function itself<V>(value: V): V {
  return value
}
