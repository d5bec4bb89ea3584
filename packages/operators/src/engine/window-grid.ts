import { shapeOf } from '../shape.ts'

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

  constructor(size: number, every: number, offset: number) {
    this.size = size
    this.every = every
    this.offset = offset
    this.pane = size === every ? size : greatestCommonDivisor(size, every)
    this.width = size / this.pane
    this.step = every / this.pane
  }

  paneOf(timestamp: number): number {
    const number = Math.floor((timestamp - this.offset) / this.pane)
    // The quotient of two floats may round up to the next whole number, or the product back down.
    if (number * this.pane + this.offset > timestamp) return number - 1
    return (number + 1) * this.pane + this.offset <= timestamp ? number + 1 : number
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
