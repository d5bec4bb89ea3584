import type { StateReader, StateWriter } from '../../stage/operator-state.ts'
import type { Aggregate } from './aggregate.ts'
import type { Cells } from './cells.ts'

/** An aggregate whose accumulators are objects, or other values than numbers. */
export interface Fold<T, R, V, A> {
  readonly kind: string
  /** Reads what `add` needs from the event. If it throws, nothing has changed. */
  read(event: T): V
  create(): A
  /** May change and return `into`. */
  add(into: A, read: V, timestamp: number): A
  /** May change and return `into`, but never `from`. */
  merge(into: A, from: A): A
  /** A copy that may change without changing `of`. Default: merges `of` into a new accumulator. */
  copy?(of: A): A
  /** Does not change the accumulator. */
  result(accumulator: A): R
  /** The accumulator as data. Default: it is data. */
  toData?(accumulator: A): unknown
  fromData?(data: unknown): A
}

/** The selector of an aggregate that takes whole events. */
export function identity<T, V>(event: T): V {
  return event as unknown as V
}

/** A value, and when it happened. */
export interface TimedValue<V> {
  readonly timestamp: number
  readonly value: V
}

/** Creates an aggregate with its accumulator as the value of one cell. */
export function createFoldAggregate<T, R, V, A>(fold: Fold<T, R, V, A>): Aggregate<T, R> {
  return new FoldAggregate(fold)
}

class FoldAggregate<T, R, V, A> implements Aggregate<T, R> {
  readonly kind: string
  readonly width = 1
  readonly #fold: Fold<T, R, V, A>

  constructor(fold: Fold<T, R, V, A>) {
    this.kind = fold.kind
    this.#fold = fold
  }

  clear({ values }: Cells, at: number): void {
    values[at] = this.#fold.create()
  }

  add({ values, timestamp }: Cells, at: number, event: T): void {
    values[at] = this.#fold.add(values[at] as A, this.#fold.read(event), timestamp)
  }

  lift({ values }: Cells, at: number, event: T): void {
    values[at] = this.#fold.read(event)
  }

  addLifted({ values, timestamp }: Cells, into: number, lifted: number): void {
    values[into] = this.#fold.add(values[into] as A, values[lifted] as V, timestamp)
  }

  merge({ values }: Cells, into: number, from: number): void {
    values[into] = this.#fold.merge(values[into] as A, values[from] as A)
  }

  copy({ values }: Cells, to: number, from: number): void {
    const fold = this.#fold
    const of = values[from] as A
    values[to] = fold.copy === undefined ? fold.merge(fold.create(), of) : fold.copy(of)
  }

  result({ values }: Cells, at: number): R {
    return this.#fold.result(values[at] as A)
  }

  save({ values }: Cells, at: number, writer: StateWriter): void {
    const accumulator = values[at] as A
    writer.value(this.#fold.toData === undefined ? accumulator : this.#fold.toData(accumulator))
  }

  load({ values }: Cells, at: number, reader: StateReader): void {
    const data = reader.value()
    values[at] = this.#fold.fromData === undefined ? data : this.#fold.fromData(data)
  }
}
