/** Which accumulator, of those in the same cells. */
export type Slot = number

/**
 * Accumulators side by side in flat memory, the same number of cells to each. A cell has a number and, where an aggregate
 * puts one there, another value. A window of an hour that slides by the second keeps thousands of accumulators for each
 * key: as objects they would all be looked at by every garbage collection, and one array of numbers is not.
 */
export class Cells {
  /** Cells to an accumulator. */
  readonly width: number
  numbers: Float64Array
  readonly values: unknown[] = []
  /** Of the event that was read last. Not an argument of all that is done with it: a float that is handed on may be copied to the heap each time. */
  timestamp: number = Number.NaN
  readonly #free: Slot[] = []
  #slots = 0

  constructor(width: number) {
    this.width = width
    this.numbers = new Float64Array(8 * width)
  }

  /** How many slots are taken. */
  get taken(): number {
    return this.#slots - this.#free.length
  }

  /** A slot that nobody has, with whatever the last one left there in its numbers. */
  take(): Slot {
    const slot = this.#free.pop() ?? this.#slots++
    if (this.#slots * this.width > this.numbers.length) this.#grow()
    return slot
  }

  /** Gives a slot back, for the next one who takes one. */
  release(slot: Slot): void {
    this.#free.push(slot)
    if (this.values.length === 0) return
    const first = slot * this.width
    // Values may be large, and a slot may be free for long.
    this.values.fill(undefined, first, first + this.width)
  }

  #grow(): void {
    const grown = new Float64Array(2 * this.numbers.length)
    grown.set(this.numbers)
    this.numbers = grown
  }
}
