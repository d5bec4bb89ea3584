import type { Aggregate } from '../engine/aggregates/aggregate.ts'
import { collect, collectDistinct, countDistinct } from '../engine/aggregates/collections.ts'
import { type Comparable, first, last, max, min, topK } from '../engine/aggregates/extremes.ts'
import { folded } from '../engine/aggregates/folded.ts'
import { avg, count, type MaybeNumber, type OrNull, sum, variance } from '../engine/aggregates/numeric.ts'
import { approxCountDistinct, quantiles } from '../engine/aggregates/sketches.ts'
import type { Key } from '../engine/keyed-state/key.ts'
import { shapeOf } from '../shape.ts'

/**
 * What a window can be made into, over events of type `T`. A selected null or undefined is passed over, as SQL passes
 * over NULL; where all of a window's are missing the result is null, and the type says so.
 */
export interface Aggregates<T> {
  /** How many events, or how many of them pass the test. */
  count(isCounted?: (event: T) => boolean): Aggregate<T, number>
  sum<V extends MaybeNumber>(select: (event: T) => V): Aggregate<T, OrNull<V, number>>
  avg<V extends MaybeNumber>(select: (event: T) => V): Aggregate<T, OrNull<V, number>>
  min<V extends Comparable | null | undefined>(
    select: (event: T) => V,
  ): Aggregate<T, OrNull<V, NonNullable<V>>>
  max<V extends Comparable | null | undefined>(
    select: (event: T) => V,
  ): Aggregate<T, OrNull<V, NonNullable<V>>>
  /** Mean squared deviation; of a `'sample'`, divided by n - 1, and null for a single event. Default: of the `'population'`. */
  variance<V extends MaybeNumber, O extends 'population' | 'sample' = 'population'>(
    select: (event: T) => V,
    of?: O,
  ): Aggregate<T, O extends 'sample' ? number | null : OrNull<V, number>>
  /** The first event in event time, or what is selected of it. */
  first(): Aggregate<T, T>
  first<V>(select: (event: T) => V): Aggregate<T, V>
  /** The last event in event time, or what is selected of it. */
  last(): Aggregate<T, T>
  last<V>(select: (event: T) => V): Aggregate<T, V>
  /** The `k` events with the highest score, highest first; of equals, the earlier first. */
  topK(k: number, by: (event: T) => number): Aggregate<T, readonly T[]>
  /** All events in event time, or what is selected of them. */
  collect(): Aggregate<T, readonly T[]>
  collect<V>(select: (event: T) => V): Aggregate<T, readonly V[]>
  /** Each value once, in the order of first appearance in event time. */
  collectDistinct<V extends Key>(select: (event: T) => V): Aggregate<T, readonly V[]>
  /** How many different values. Exact, and holds them all. */
  countDistinct(select: (event: T) => Key): Aggregate<T, number>
  /** About how many different values, with a standard error of 1.04 / sqrt(2 ** precision): 0.8 % at the default of 14, in 16 KiB at most. */
  approxCountDistinct(
    select: (event: T) => Key,
    options?: { readonly precision?: number },
  ): Aggregate<T, number>
  /**
   * The value that a share `q` of the values do not exceed (0.5 is the median), or one for each of several shares, within
   * `relativeError` (default 0.01) of the value of rank `floor(q * (n - 1))`.
   */
  quantile<V extends MaybeNumber, Q extends number | readonly number[]>(
    select: (event: T) => V,
    q: Q,
    options?: { readonly relativeError?: number },
  ): Aggregate<T, OrNull<V, Q extends readonly number[] ? readonly number[] : number>>
  /** An aggregate of one's own. The stream errors where its `add` throws, and `onError` cannot undo what `add` did. */
  custom<R, A>(fold: CustomAggregate<T, R, A>): Aggregate<T, R>
}

/**
 * A monoid over accumulators of type `A`: `create` is its identity, `merge` is associative, and adding an event equals
 * merging the accumulator of that event alone.
 */
export interface CustomAggregate<T, R, A> {
  create(): A
  /** May change and return `into`. */
  add(into: A, event: T, timestamp: number): A
  /** May change and return `into`; never `from`, which came later in event time. */
  merge(into: A, from: A): A
  result(accumulator: A): R
}

/** The aggregates, for events of type `T`. `windowAggregate` hands them to its `aggregates` option. */
export function aggregatesOf<T>(): Aggregates<T> {
  // One object for all types: what an aggregate does with `T` is in the selectors that it is given.
  return builders as unknown as Aggregates<T>
}

const itself = (event: unknown) => event

// The engine's numbers are null for a window without any; where the selector always gives one, no window is.
const builders = {
  count,
  sum,
  avg,
  min,
  max,
  variance: (select: (event: unknown) => MaybeNumber, of: 'population' | 'sample' = 'population') =>
    variance(select, of),
  first: <V>(select: (event: unknown) => V) => first(select ?? itself),
  last: <V>(select: (event: unknown) => V) => last(select ?? itself),
  topK,
  collect: <V>(select: (event: unknown) => V) => collect(select ?? itself),
  collectDistinct,
  countDistinct,
  approxCountDistinct: (select: (event: unknown) => Key, { precision = 14 } = {}) =>
    approxCountDistinct(select, precision),
  quantile(
    select: (event: unknown) => MaybeNumber,
    q: number | readonly number[],
    { relativeError = 0.01 } = {},
  ) {
    for (const share of [q].flat()) {
      if (!(share >= 0 && share <= 1))
        throw new RangeError(`quantile: q must be between 0 and 1, not ${String(share)}`)
    }
    return quantiles(select, relativeError, (sketch) =>
      typeof q === 'number' ? sketch.quantile(q) : q.map((share) => sketch.quantile(share)),
    )
  },
  custom<R, A>(fold: CustomAggregate<unknown, R, A>): Aggregate<unknown, R> {
    for (const name of ['create', 'add', 'merge', 'result'] as const) {
      if (typeof fold?.[name] !== 'function')
        throw new TypeError(`custom: ${name} must be a function, not ${shapeOf(fold?.[name])}`)
    }
    // Called on the fold, which may be an instance of a class.
    return folded<unknown, R, unknown, A>({
      read: itself,
      create: () => fold.create(),
      add: (into, event, timestamp) => fold.add(into, event, timestamp),
      merge: (into, from) => fold.merge(into, from),
      result: (accumulator) => fold.result(accumulator),
    })
  },
}
