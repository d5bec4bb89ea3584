import { copyOf, type Mergeable } from '../two-stacks.ts'

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
  copy?(of: A): A
  /** Leaves the accumulator as it is. */
  result(accumulator: A): R
}

/** Aggregates by the names their results get. */
export type AggregateShape<T> = Readonly<Record<string, Aggregate<T, unknown>>>

/** The value of a window: each aggregate's result by its name. */
export type AggregateResults<S> = {
  readonly [N in keyof S]: S[N] extends Aggregate<never, infer R> ? R : never
}

/**
 * Several aggregates as one, over an array of their accumulators. What `read` answers is the same array at every call, for
 * the `add` that follows: a row belongs to one stream.
 */
export class AggregateRow<T, R> implements Aggregate<T, R, readonly unknown[], unknown[]> {
  readonly #names: readonly string[]
  readonly #aggregates: readonly Aggregate<T, unknown>[]
  readonly #read: unknown[]
  readonly #blank: Readonly<Record<string, undefined>>

  constructor(shape: AggregateShape<T>) {
    this.#names = Object.keys(shape)
    this.#aggregates = Object.values(shape)
    this.#read = this.#names.map(() => undefined)
    this.#blank = Object.fromEntries(this.#names.map((name) => [name, undefined]))
  }

  read(event: T): readonly unknown[] {
    let i = 0
    for (const aggregate of this.#aggregates) this.#read[i++] = aggregate.read(event)
    return this.#read
  }

  create(): unknown[] {
    return this.#aggregates.map((aggregate) => aggregate.create())
  }

  add(into: unknown[], read: readonly unknown[], timestamp: number): unknown[] {
    let i = 0
    for (const aggregate of this.#aggregates) {
      into[i] = aggregate.add(into[i], read[i], timestamp)
      i++
    }
    return into
  }

  merge(into: unknown[], from: unknown[]): unknown[] {
    let i = 0
    for (const aggregate of this.#aggregates) {
      into[i] = aggregate.merge(into[i], from[i])
      i++
    }
    return into
  }

  copy(of: unknown[]): unknown[] {
    const copies = of.slice()
    let i = 0
    for (const aggregate of this.#aggregates) {
      copies[i] = copyOf(aggregate, of[i])
      i++
    }
    return copies
  }

  result(accumulators: unknown[]): R {
    // Copied from one that has all the names, every result has the same hidden class from the start.
    const results: Record<string, unknown> = { ...this.#blank }
    let i = 0
    for (const aggregate of this.#aggregates) {
      results[this.#names[i] ?? ''] = aggregate.result(accumulators[i])
      i++
    }
    // `R` is the shape's own AggregateResults, name by name.
    return results as R
  }
}
