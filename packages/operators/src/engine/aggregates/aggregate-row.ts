import type { Aggregate, AggregateShape } from './aggregate.ts'
import { Cells, type Slot } from './cells.ts'

/**
 * Several aggregates as one, each with cells of its own in every slot; a slot's first cell counts the events that have been
 * added to it and not yet asked for. A row belongs to one stream.
 */
export class AggregateRow<T, R> {
  readonly #names: readonly string[]
  readonly #aggregates: readonly Aggregate<T, unknown>[]
  readonly #cells: Cells
  readonly #atomic: boolean
  #event: T | undefined
  /** Where an event is lifted to. */
  readonly #lifted: Slot
  readonly #blank: Readonly<Record<string, undefined>>

  /** `atomic`: an event for which an aggregate throws is in none of them. Otherwise it may be in some, and the row is of no use any more. */
  constructor(shape: AggregateShape<T>, { atomic }: { readonly atomic: boolean }) {
    this.#atomic = atomic
    this.#names = Object.keys(shape)
    this.#aggregates = Object.values(shape)
    this.#cells = new Cells(this.#aggregates.reduce((width, aggregate) => width + aggregate.width, 1))
    this.#lifted = this.#cells.take()
    this.#blank = Object.fromEntries(this.#names.map((name) => [name, undefined]))
  }

  /** How many accumulators there are. */
  get size(): number {
    return this.#cells.taken - 1
  }

  /** Takes the event for the `add` that follows. An atomic row throws here what its aggregates throw, and not then. */
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

  /** Adds the event that was read last. */
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

  /** How many events have been added to it since this was last asked. */
  settle(slot: Slot): number {
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
    // Copied from one that has all the names, every result has the same hidden class from the start.
    const results: Record<string, unknown> = { ...this.#blank }
    const cells = this.#cells
    let i = 0
    let at = of * cells.width + 1
    for (const aggregate of this.#aggregates) {
      results[this.#names[i++] as string] = aggregate.result(cells, at)
      at += aggregate.width
    }
    // `R` is the shape's own AggregateResults, name by name.
    return results as R
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
