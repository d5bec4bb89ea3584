import { optionError } from '@rxsse/shared'
import { type Grid, GridCell } from './grid.ts'

/**
 * The arithmetic of windows of one size that start at regular intervals. Time is cut into slices. Their length is the greatest
 * common divisor of size and interval, so every window is a whole number of slices. Slices and windows have numbers.
 */
export class WindowGrid implements Grid {
  readonly size: number
  readonly every: number
  readonly offset: number
  /** The length of a slice in milliseconds. */
  readonly sliceSize: number
  readonly width: number
  readonly step: number
  readonly #cell = new GridCell()

  constructor(size: number, every: number, offset: number) {
    this.size = size
    this.every = every
    this.offset = offset
    this.sliceSize = size === every ? size : greatestCommonDivisor(size, every)
    this.width = size / this.sliceSize
    this.step = every / this.sliceSize
  }

  /** The cell of a timestamp, valid until the next call. Most events are in the same cell as the event before. */
  locate(timestamp: number): Readonly<GridCell> {
    const cell = this.#cell
    return timestamp >= cell.start && timestamp < cell.end ? cell : this.#move(timestamp)
  }

  firstWindow(slice: number): number {
    return Math.floor((slice - this.width) / this.step) + 1
  }

  lastWindow(slice: number): number {
    return Math.floor(slice / this.step)
  }

  firstSlice(window: number): number {
    return window * this.step
  }

  windowStart(window: number): number {
    return this.#sliceStart(window * this.step)
  }

  windowEnd(window: number): number {
    // Computed as every other bound: with fractions, another formula would give another number for the same moment.
    return this.#sliceStart(window * this.step + this.width)
  }

  lastEnded(watermark: number, lateness = 0): number {
    const guess = Math.floor((watermark - lateness - this.offset - this.size) / this.every)
    if (this.windowEnd(guess) + lateness > watermark) return guess - 1
    return this.windowEnd(guess + 1) + lateness <= watermark ? guess + 1 : guess
  }

  /** Moves the cell to the timestamp. */
  #move(timestamp: number): Readonly<GridCell> {
    const cell = this.#cell
    cell.slice = this.#findSlice(timestamp)
    // Above the safe integers a number plus 1 is the same number, so a loop over windows would not end.
    if (!Number.isSafeInteger(cell.slice))
      throw new RangeError(`windows of ${this.size} ms cannot be told apart at ${timestamp}`)
    cell.start = this.#sliceStart(cell.slice)
    cell.end = this.#sliceStart(cell.slice + 1)
    cell.firstWindow = this.firstWindow(cell.slice)
    cell.lastWindow = this.lastWindow(cell.slice)
    cell.firstEnd = this.windowEnd(cell.firstWindow)
    cell.lastEnd = this.windowEnd(cell.lastWindow)
    return cell
  }

  #findSlice(timestamp: number): number {
    const slice = Math.floor((timestamp - this.offset) / this.sliceSize)
    // The quotient of two floats may round up to the next whole number, and the product back down.
    if (this.#sliceStart(slice) > timestamp) return slice - 1
    return this.#sliceStart(slice + 1) <= timestamp ? slice + 1 : slice
  }

  #sliceStart(slice: number): number {
    return slice * this.sliceSize + this.offset
  }
}

function greatestCommonDivisor(size: number, every: number): number {
  for (const [name, value] of Object.entries({ size, every })) {
    if (!Number.isInteger(value))
      throw optionError(`hopping: ${name}`, 'a whole number of milliseconds', value)
  }
  let [a, b] = [size, every]
  while (b > 0) [a, b] = [b, a % b]
  return a
}
