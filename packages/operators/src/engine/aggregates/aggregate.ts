import type { Cells } from './cells.ts'

/**
 * How the events of a window become one value. A monoid over accumulators, each a few cells from `at` on: `clear` makes its
 * identity, `lift` the accumulator of one event alone, and `merge` is associative. `merge` is always given the earlier
 * part as `into`.
 */
export interface Aggregate<T, R> {
  /** How many cells an accumulator takes. */
  readonly width: number
  clear(cells: Cells, at: number): void
  /** Where it throws, nothing but these cells has been changed. */
  lift(cells: Cells, at: number, event: T): void
  /** Leaves `from` as it is. */
  merge(cells: Cells, into: number, from: number): void
  /** Merges what `lift` has just made, which nobody needs any more. */
  add(cells: Cells, into: number, lifted: number): void
  /** The copy may be changed without changing `from`, which stays as it is while there is a copy. */
  copy(cells: Cells, to: number, from: number): void
  result(cells: Cells, at: number): R
}

/** Aggregates by the names their results get. */
export type AggregateShape<T> = Readonly<Record<string, Aggregate<T, unknown>>>

/** The value of a window: each aggregate's result by its name. */
export type AggregateResults<S> = {
  readonly [N in keyof S]: S[N] extends Aggregate<never, infer R> ? R : never
}
