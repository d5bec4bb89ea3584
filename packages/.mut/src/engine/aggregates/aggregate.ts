import type { StateReader, StateWriter } from '../../stage/operator-state.ts'
import type { Cells } from './cells.ts'

/**
 * Turns the events of a window into one value: a monoid over accumulators of a few cells. `clear` creates
 * the identity. `add` equals merging the accumulator of that event alone. `merge` is associative, and always gets the
 * earlier part as `into`.
 */
export interface Aggregate<T, R> {
  /** What a saved accumulator is one of, such as `'sum'`: its cells mean the same for each aggregate of a kind. */
  readonly kind: string
  /** Cells in an accumulator. */
  readonly width: number
  clear(cells: Cells, at: number): void
  add(cells: Cells, at: number, event: T): void
  /** The first half of `add`, which may throw: reads the event into these cells. Changes nothing else. */
  lift(cells: Cells, at: number, event: T): void
  /** The second half of `add`: adds the cells that `lift` filled. They are not used again. */
  addLifted(cells: Cells, into: number, lifted: number): void
  /** Does not change `from`. */
  merge(cells: Cells, into: number, from: number): void
  /** The copy may change without changing `from`. While there is a copy, `from` does not change. */
  copy(cells: Cells, to: number, from: number): void
  result(cells: Cells, at: number): R
  /** Writes an accumulator. */
  save(cells: Cells, at: number, writer: StateWriter): void
  /** Reads what `save` has written into cells that `clear` has filled. */
  load(cells: Cells, at: number, reader: StateReader): void
}

/** Aggregates by the names of their results. */
export type AggregateShape<T> = Readonly<Record<string, Aggregate<T, unknown>>>

/** The value of a window: each aggregate's result by its name. */
export type AggregateResults<S> = {
  readonly [N in keyof S]: S[N] extends Aggregate<never, infer R> ? R : never
}

/** Marks, in types alone, an aggregate that is null over no events. */
export interface NullIfEmpty {
  readonly whenEmpty?: null
}

/** As {@link AggregateResults}, of windows that may be empty. */
export type FilledResults<S> = {
  readonly [N in keyof S]: S[N] extends Aggregate<never, infer R>
    ? S[N] extends { readonly whenEmpty?: infer E }
      ? unknown extends E
        ? R
        : R | null
      : R
    : never
}
