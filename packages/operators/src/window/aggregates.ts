import { optionError } from '@rxsse/shared'
import type { Aggregate, NullIfEmpty } from '../engine/aggregates/aggregate.ts'
import { collect, collectDistinct, countDistinct } from '../engine/aggregates/collections.ts'
import { type Comparable, first, last, max, min, topK } from '../engine/aggregates/extremes.ts'
import { createFoldAggregate, identity } from '../engine/aggregates/fold-aggregate.ts'
import {
  avg,
  count,
  type MaybeNumber,
  type OrNull,
  sum,
  sumBigInt,
  variance,
} from '../engine/aggregates/numeric.ts'
import { approxCountDistinct, quantile } from '../engine/aggregates/sketches.ts'
import type { Key } from '../engine/keyed-state/key.ts'

/** An aggregate that is null over no events, as `fill: true` shows it. */
export type NullableAggregate<T, R> = Aggregate<T, R> & NullIfEmpty

/**
 * The aggregates of a window, for events of type `T`. A selected null or undefined is ignored, as SQL ignores NULL. If all
 * values of a window are missing, the result is null, and the type says so.
 */
export interface Aggregates<T> {
  /** The number of events, or of those for which `isCounted` returns true. */
  count(isCounted?: (event: T) => boolean): Aggregate<T, number>
  sum<V extends MaybeNumber>(select: (event: T) => V): NullableAggregate<T, OrNull<V, number>>
  /** The sum of bigints, exact. */
  sumBigInt<V extends bigint | null | undefined>(
    select: (event: T) => V,
  ): NullableAggregate<T, OrNull<V, bigint>>
  avg<V extends MaybeNumber>(select: (event: T) => V): NullableAggregate<T, OrNull<V, number>>
  min<V extends Comparable | null | undefined>(
    select: (event: T) => V,
  ): NullableAggregate<T, OrNull<V, NonNullable<V>>>
  max<V extends Comparable | null | undefined>(
    select: (event: T) => V,
  ): NullableAggregate<T, OrNull<V, NonNullable<V>>>
  /** The variance. A `'sample'` divides by n - 1, and is null for a single event. Default: `'population'`. */
  variance<V extends MaybeNumber, O extends 'population' | 'sample' = 'population'>(
    select: (event: T) => V,
    of?: O,
  ): NullableAggregate<T, O extends 'sample' ? number | null : OrNull<V, number>>
  /** The first event in event time, or the first value of one that is not null. */
  first(): NullableAggregate<T, T>
  first<V>(select: (event: T) => V): NullableAggregate<T, OrNull<V, NonNullable<V>>>
  /** The last event in event time, or the last value of one that is not null. */
  last(): NullableAggregate<T, T>
  last<V>(select: (event: T) => V): NullableAggregate<T, OrNull<V, NonNullable<V>>>
  /** The `k` events with the highest scores, highest first. Of equal scores, the earlier event comes first. */
  topK(k: number, by: (event: T) => MaybeNumber): Aggregate<T, readonly T[]>
  /** All events in the order of event time, or a value of each. */
  collect(): Aggregate<T, readonly T[]>
  collect<V>(select: (event: T) => V): Aggregate<T, readonly NonNullable<V>[]>
  /** Each value once, in the order of first appearance in event time. */
  collectDistinct<V extends Key>(select: (event: T) => V): Aggregate<T, readonly NonNullable<V>[]>
  /** The exact number of different values. Holds all of them. */
  countDistinct(select: (event: T) => Key): Aggregate<T, number>
  /** The approximate number of different values. Standard error: 1.04 / sqrt(2 ** precision). Default: 14, for 0.8 %. */
  approxCountDistinct(
    select: (event: T) => Key,
    options?: { readonly precision?: number },
  ): Aggregate<T, number>
  /**
   * The quantile `q` (0.5 is the median), or one quantile for each number of a list: the value of rank `floor(q * (n - 1))`,
   * counted from 0. The error is at most `relativeError` of that value (from 1e-11, default 0.01). The smallest and the largest value are exact.
   */
  quantile<V extends MaybeNumber, Q extends number | readonly number[]>(
    select: (event: T) => V,
    q: Q,
    options?: { readonly relativeError?: number },
  ): NullableAggregate<T, OrNull<V, Q extends readonly number[] ? readonly number[] : number>>
  /** Your own aggregate. If its `add` throws, the stream errors, because `onError` cannot undo what `add` did. */
  custom<R, A>(fold: CustomAggregate<T, R, A>): Aggregate<T, R>
}

/**
 * A monoid over accumulators of type `A`: `create` returns its identity and `merge` is associative. Adding an event must
 * equal merging the accumulator of that event alone. The result must not depend on the order of events, because an event may come
 * out of order: `add` is called in the order of arrival. If order matters, keep the timestamps and sort in `result`, or use
 * `collect`. `checkAggregate` of `@rxsse/testing` checks all of that in a test.
 */
export interface CustomAggregate<T, R, A> {
  /** In a job the accumulator must be data that `structuredClone` copies without loss: no instance of a class. */
  create(): A
  /** May change and return `into`. */
  add(into: A, event: T, timestamp: number): A
  /** May change and return `into`, but never `from`, which is later in event time. */
  merge(into: A, from: A): A
  /** A part of the accumulator must be a copy: later events may change the accumulator. */
  result(accumulator: A): R
}

/** The aggregates for events of type `T`, as `windowAggregate` passes them to its `aggregates` option. */
export function getAggregates<T>(): Aggregates<T> {
  // One object serves all types, because only the caller's selectors see `T`.
  return builders as unknown as Aggregates<T>
}

// The engine returns null for a window without values. If the selector always returns a value, no window is without.
const builders = {
  count,
  sum,
  sumBigInt,
  avg,
  min,
  max,
  variance,
  first,
  last,
  topK,
  collect,
  collectDistinct,
  countDistinct,
  approxCountDistinct,
  quantile,
  custom<R, A>(fold: CustomAggregate<unknown, R, A>): Aggregate<unknown, R> {
    for (const name of ['create', 'add', 'merge', 'result'] as const) {
      if (typeof fold?.[name] !== 'function') throw optionError(`custom: ${name}`, 'a function', fold?.[name])
    }
    // Calls the methods on `fold`, which may be an instance of a class.
    return createFoldAggregate<unknown, R, unknown, A>({
      kind: 'custom',
      read: identity,
      create: () => fold.create(),
      add: (into, event, timestamp) => fold.add(into, event, timestamp),
      merge: (into, from) => fold.merge(into, from),
      result(accumulator) {
        const result: unknown = fold.result(accumulator)
        // The accumulator may get more events, for example after an early result. What was emitted must not change.
        return typeof result === 'object' && result !== null && result === accumulator
          ? fold.result(fold.merge(fold.create(), accumulator))
          : (result as R)
      },
    })
  },
}
