import type { Calendar } from './calendar.ts'
import { type Grid, GridCell } from './grid.ts'

/** Windows that are the periods of a calendar. Each window is one slice. */
export class CalendarGrid implements Grid {
  readonly width = 1
  readonly step = 1
  readonly #calendar: Calendar
  readonly #cell = new GridCell()
  /** The cell of the watermark, which events must not displace. */
  readonly #watermarkCell = new GridCell()
  /** The starts of periods. A start takes many microseconds to find out, and each is asked for several times. */
  readonly #starts = new Map<number, number>()

  constructor(calendar: Calendar) {
    this.#calendar = calendar
  }

  locate(timestamp: number): Readonly<GridCell> {
    return this.#locate(timestamp, this.#cell)
  }

  firstWindow(slice: number): number {
    return slice
  }

  lastWindow(slice: number): number {
    return slice
  }

  firstSlice(window: number): number {
    return window
  }

  windowStart(window: number): number {
    let start = this.#starts.get(window)
    if (start === undefined) {
      start = this.#calendar.startOf(window)
      if (this.#starts.size >= MAX_STARTS) this.#starts.clear()
      this.#starts.set(window, start)
    }
    return start
  }

  windowEnd(window: number): number {
    return this.windowStart(window + 1)
  }

  lastEnded(watermark: number, lateness = 0): number {
    return this.#locate(watermark - lateness, this.#watermarkCell).slice - 1
  }

  #locate(timestamp: number, cell: GridCell): Readonly<GridCell> {
    return timestamp >= cell.start && timestamp < cell.end ? cell : this.#move(timestamp, cell)
  }

  #move(timestamp: number, cell: GridCell): Readonly<GridCell> {
    if (!(Math.abs(timestamp) <= MAX_TIMESTAMP)) {
      // Outside the range of dates there are no periods, so no window contains the timestamp.
      cell.slice = timestamp > 0 ? Number.MAX_SAFE_INTEGER : Number.MIN_SAFE_INTEGER
      cell.start = cell.end = Number.NaN
      cell.firstWindow = cell.slice
      cell.lastWindow = cell.slice - 1
      return cell
    }
    const number = this.#calendar.numberAt(timestamp)
    cell.slice = cell.firstWindow = cell.lastWindow = number
    cell.start = this.windowStart(number)
    cell.end = cell.firstEnd = cell.lastEnd = this.windowEnd(number)
    return cell
  }
}

const MAX_STARTS = 1000

/** The range of ECMAScript's time values, less a month at both ends, so that a period has a start and an end. */
const MAX_TIMESTAMP = 8.64e15 - 32 * 86_400_000
