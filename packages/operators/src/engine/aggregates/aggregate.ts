import type { Mergeable } from '../two-stacks.ts'

/**
 * How the events of a window become one value. A monoid over accumulators: `create` is its identity, `merge` is
 * associative, and adding an event equals merging the accumulator of that event alone. `merge` is always given the
 * earlier part as `into`.
 */
export interface Aggregate<T, R, V = unknown, A = unknown> extends Mergeable<A> {
  /** Takes what `add` needs from the event. Where it throws, nothing has been changed. */
  read(event: T): V
  create(): A
  /** May change and return `into`. */
  add(into: A, read: V, timestamp: number): A
  /** May change and return `into`; never `from`. */
  merge(into: A, from: A): A
  /** Leaves the accumulator as it is. */
  result(accumulator: A): R
}

/** Aggregates by the names their results get. */
export type AggregateShape<T> = Readonly<Record<string, Aggregate<T, unknown>>>

/** The value of a window: each aggregate's result by its name. */
export type AggregateResults<S> = {
  readonly [N in keyof S]: S[N] extends Aggregate<never, infer R> ? R : never
}

/** Several aggregates as one, over an array of their accumulators. */
export class AggregateRow<T, R> implements Aggregate<T, R, readonly unknown[], unknown[]> {
  readonly #names: readonly string[]
  readonly #aggregates: readonly Aggregate<T, unknown>[]

  constructor(shape: AggregateShape<T>) {
    this.#names = Object.keys(shape)
    this.#aggregates = Object.values(shape)
  }

  read(event: T): readonly unknown[] {
    const read = new Array<unknown>(this.#aggregates.length)
    for (let i = 0; i < this.#aggregates.length; i++) read[i] = this.#aggregates[i]?.read(event)
    return read
  }

  create(): unknown[] {
    return this.#aggregates.map((aggregate) => aggregate.create())
  }

  add(into: unknown[], read: readonly unknown[], timestamp: number): unknown[] {
    for (let i = 0; i < into.length; i++) into[i] = this.#aggregates[i]?.add(into[i], read[i], timestamp)
    return into
  }

  merge(into: unknown[], from: unknown[]): unknown[] {
    for (let i = 0; i < into.length; i++) into[i] = this.#aggregates[i]?.merge(into[i], from[i])
    return into
  }

  result(accumulators: unknown[]): R {
    const results: Record<string, unknown> = {}
    for (let i = 0; i < this.#names.length; i++) {
      results[this.#names[i] ?? ''] = this.#aggregates[i]?.result(accumulators[i])
    }
    // `R` is the shape's own AggregateResults, name by name.
    return results as R
  }
}
