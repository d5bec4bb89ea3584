import { shapeOf } from '../../shape.ts'

/** A pane, and the windows that have it: none, where the last is below the first. */
export interface Place {
  pane: number
  start: number
  end: number
  firstWindow: number
  lastWindow: number
  firstEnd: number
  lastEnd: number
}

/**
 * The arithmetic of windows of one size that start at regular intervals. Time is cut into panes of the greatest common
 * divisor of size and interval, so that every window is a whole number of panes; panes and windows go by number.
 */
export class WindowGrid {
  readonly size: number
  readonly every: number
  readonly offset: number
  readonly pane: number
  /** Panes to a window. */
  readonly width: number
  /** Panes from the start of a window to the start of the next. */
  readonly step: number
  readonly #place: Place = {
    pane: 0,
    start: 0,
    end: 0,
    firstWindow: 0,
    lastWindow: 0,
    firstEnd: 0,
    lastEnd: 0,
  }

  constructor(size: number, every: number, offset: number) {
    this.size = size
    this.every = every
    this.offset = offset
    this.pane = size === every ? size : greatestCommonDivisor(size, every)
    this.width = size / this.pane
    this.step = every / this.pane
  }

  /** Where a timestamp belongs. Mostly it is the pane of the one before, so that is kept; the answer is good until the next call. */
  locate(timestamp: number): Readonly<Place> {
    const place = this.#place
    return timestamp >= place.start && timestamp < place.end ? place : this.#relocate(timestamp)
  }

  firstWindowOf(pane: number): number {
    return Math.floor((pane - this.width) / this.step) + 1
  }

  /** Less than the first where the pane lies between two windows. */
  lastWindowOf(pane: number): number {
    return Math.floor(pane / this.step)
  }

  firstPaneOf(window: number): number {
    return window * this.step
  }

  startOf(window: number): number {
    return window * this.every + this.offset
  }

  endOf(window: number): number {
    return window * this.every + this.offset + this.size
  }

  /** The last window whose end, and `lateness` after it, the watermark has reached. */
  lastEndedBy(watermark: number, lateness = 0): number {
    const guess = Math.floor((watermark - lateness - this.offset - this.size) / this.every)
    if (this.endOf(guess) + lateness > watermark) return guess - 1
    return this.endOf(guess + 1) + lateness <= watermark ? guess + 1 : guess
  }

  #relocate(timestamp: number): Readonly<Place> {
    const place = this.#place
    place.pane = this.#paneOf(timestamp)
    // Where the numbers of windows are not exact any more, the next one would be the same one, for ever.
    if (!Number.isSafeInteger(place.pane))
      throw new RangeError(`windows of ${this.size} ms cannot be told apart at ${timestamp}`)
    place.start = this.#paneStart(place.pane)
    place.end = this.#paneStart(place.pane + 1)
    place.firstWindow = this.firstWindowOf(place.pane)
    place.lastWindow = this.lastWindowOf(place.pane)
    place.firstEnd = this.endOf(place.firstWindow)
    place.lastEnd = this.endOf(place.lastWindow)
    return place
  }

  #paneOf(timestamp: number): number {
    const number = Math.floor((timestamp - this.offset) / this.pane)
    // The quotient of two floats may round up to the next whole number, or the product back down.
    if (this.#paneStart(number) > timestamp) return number - 1
    return this.#paneStart(number + 1) <= timestamp ? number + 1 : number
  }

  #paneStart(pane: number): number {
    return pane * this.pane + this.offset
  }
}

function greatestCommonDivisor(size: number, every: number): number {
  for (const [name, value] of [
    ['size', size],
    ['every', every],
  ] as const) {
    if (!Number.isInteger(value))
      throw new RangeError(`hopping: ${name} must be a whole number of milliseconds, not ${shapeOf(value)}`)
  }
  let [a, b] = [size, every]
  while (b > 0) [a, b] = [b, a % b]
  return a
}
