import type { StateReader, StateWriter } from '../../stage/operator-state.ts'
import type { Aggregate, AggregateShape } from './aggregate.ts'
import { Cells, type Slot } from './cells.ts'

/**
 * Several aggregates as one. Each has its own cells in every slot. The first cell of a slot counts the events added since
 * the last `takeAdded`. A row belongs to one stream.
 */
export class AggregateRow<T, R> {
  readonly #names: readonly string[]
  readonly #aggregates: readonly Aggregate<T, unknown>[]
  readonly #cells: Cells
  readonly #atomic: boolean
  #event: T | undefined
  /** The slot that events are lifted to. */
  readonly #lifted: Slot
  readonly #blank: Readonly<Record<string, undefined>>

  /** `atomic`: if an aggregate throws, the event is in none. Otherwise it may be in some, and the row is broken. */
  constructor(shape: AggregateShape<T>, { atomic }: { readonly atomic: boolean }) {
    this.#atomic = atomic
    this.#names = Object.keys(shape)
    this.#aggregates = Object.values(shape)
    this.#cells = new Cells(this.#aggregates.reduce((width, aggregate) => width + aggregate.width, 1))
    this.#lifted = this.#cells.take()
    this.#blank = Object.fromEntries(this.#names.map((name) => [name, undefined]))
  }

  /** The number of accumulators. */
  get size(): number {
    return this.#cells.taken - 1
  }

  /** Reads the event for the next `add`. In an atomic row the aggregates throw here, and not in `add`. */
  read(event: T, timestamp: number): void {
    this.#cells.timestamp = timestamp
    if (this.#atomic) this.#lift(event)
    else this.#event = event
  }

  create(): Slot {
    const slot = this.#cells.take()
    let at = slot * this.#cells.width
    this.#cells.numbers[at++] = 0
    for (const aggregate of this.#aggregates) {
      aggregate.clear(this.#cells, at)
      at += aggregate.width
    }
    return slot
  }

  /** Adds the event that `read` has read. */
  add(into: Slot): void {
    const cells = this.#cells
    let at = into * cells.width
    cells.numbers[at] = (cells.numbers[at] as number) + 1
    at++
    if (this.#atomic) {
      this.#addLifted(at)
      return
    }
    const event = this.#event as T
    for (const aggregate of this.#aggregates) {
      aggregate.add(cells, at, event)
      at += aggregate.width
    }
  }

  /** The number of events added to a slot since the last call. */
  takeAdded(slot: Slot): number {
    const { numbers, width } = this.#cells
    const added = numbers[slot * width] as number
    numbers[slot * width] = 0
    return added
  }

  merge(into: Slot, from: Slot): void {
    const cells = this.#cells
    let at = into * cells.width + 1
    let other = from * cells.width + 1
    for (const aggregate of this.#aggregates) {
      aggregate.merge(cells, at, other)
      at += aggregate.width
      other += aggregate.width
    }
  }

  copy(of: Slot): Slot {
    const slot = this.#cells.take()
    const cells = this.#cells
    let at = slot * cells.width + 1
    let other = of * cells.width + 1
    for (const aggregate of this.#aggregates) {
      aggregate.copy(cells, at, other)
      at += aggregate.width
      other += aggregate.width
    }
    return slot
  }

  release(slot: Slot): void {
    this.#cells.release(slot)
  }

  result(of: Slot): R {
    // A copy of an object with all names has the same hidden class from the start.
    const results: Record<string, unknown> = { ...this.#blank }
    const cells = this.#cells
    let i = 0
    let at = of * cells.width + 1
    for (const aggregate of this.#aggregates) {
      results[this.#names[i++] as string] = aggregate.result(cells, at)
      at += aggregate.width
    }
    // `R` is the AggregateResults of the shape.
    return results as R
  }

  /** The result over no events. */
  emptyResult(): R {
    const slot = this.create()
    const result = this.result(slot)
    this.release(slot)
    return result
  }

  /** The kinds of the aggregates, by name. */
  get kinds(): Readonly<Record<string, string>> {
    return Object.fromEntries(this.#aggregates.map(({ kind }, i) => [this.#names[i] as string, kind]))
  }

  save(slot: Slot, writer: StateWriter): void {
    const cells = this.#cells
    let at = slot * cells.width
    writer.number(cells.numbers[at++] as number)
    for (const aggregate of this.#aggregates) {
      aggregate.save(cells, at, writer)
      at += aggregate.width
    }
  }

  /** Writes an accumulator of no events. */
  sample(writer: StateWriter): void {
    const slot = this.create()
    this.save(slot, writer)
    this.release(slot)
  }

  /** A new slot with what `save` has written. */
  load(reader: StateReader): Slot {
    const slot = this.create()
    const cells = this.#cells
    let at = slot * cells.width
    cells.numbers[at++] = reader.number()
    for (const aggregate of this.#aggregates) {
      aggregate.load(cells, at, reader)
      at += aggregate.width
    }
    return slot
  }

  #lift(event: T): void {
    const cells = this.#cells
    let at = this.#lifted * cells.width + 1
    for (const aggregate of this.#aggregates) {
      aggregate.lift(cells, at, event)
      at += aggregate.width
    }
  }

  #addLifted(to: number): void {
    const cells = this.#cells
    let at = to
    let lifted = this.#lifted * cells.width + 1
    for (const aggregate of this.#aggregates) {
      aggregate.addLifted(cells, at, lifted)
      at += aggregate.width
      lifted += aggregate.width
    }
  }
}
