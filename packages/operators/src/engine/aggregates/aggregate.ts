import type { Cells } from './cells.ts'

/**
 * How the events of a window become one value. A monoid over accumulators, each a few cells from `at` on: `clear` makes its
 * identity, to `add` an event is to merge the accumulator of that event alone, and `merge` is associative. `merge` is always
 * given the earlier part as `into`.
 */
export interface Aggregate<T, R> {
  /** How many cells an accumulator takes. */
  readonly width: number
  clear(cells: Cells, at: number): void
  add(cells: Cells, at: number, event: T): void
  /** The first half of `add`, which may throw: takes what it needs from the event. Nothing but these cells changes, whatever they held. */
  lift(cells: Cells, at: number, event: T): void
  /** The second half: adds what has just been lifted, which nobody needs any more. */
  addLifted(cells: Cells, into: number, lifted: number): void
  /** Leaves `from` as it is. */
  merge(cells: Cells, into: number, from: number): void
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
