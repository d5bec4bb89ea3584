/** The number of an accumulator in its cells. */
export type Slot = number

/**
 * Accumulators in flat memory, each with the same number of cells. A cell has a number and optionally another value.
 * A window of an hour that slides by the second keeps thousands of accumulators for each key. Garbage collection
 * would visit them if they were objects. It does not visit the elements of a Float64Array.
 */
export class Cells {
  /** Cells in an accumulator. */
  readonly width: number
  numbers: Float64Array
  readonly values: unknown[] = []
  /** The timestamp of the event read last. No argument, because V8 may copy a float argument to the heap. */
  timestamp: number = Number.NaN
  readonly #free: Slot[] = []
  #slots = 0

  constructor(width: number) {
    this.width = width
    this.numbers = new Float64Array(8 * width)
  }

  /** The number of slots in use. */
  get taken(): number {
    return this.#slots - this.#free.length
  }

  /** Returns a free slot. Its numbers are those of its last use. */
  take(): Slot {
    const slot = this.#free.pop() ?? this.#slots++
    if (this.#slots * this.width > this.numbers.length) this.#grow()
    return slot
  }

  /** Frees a slot. */
  release(slot: Slot): void {
    this.#free.push(slot)
    if (this.values.length === 0) return
    const first = slot * this.width
    // Values may be large, and a slot may stay free for long.
    this.values.fill(undefined, first, first + this.width)
  }

  #grow(): void {
    const grown = new Float64Array(2 * this.numbers.length)
    grown.set(this.numbers)
    this.numbers = grown
  }
}
