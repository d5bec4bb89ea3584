/** One slice of time, and the windows that contain it. If the last window is below the first, no window does. */
export class GridCell {
  slice = 0
  start = 0
  end = 0
  firstWindow = 0
  lastWindow = 0
  firstEnd = 0
  lastEnd = 0
}

/** The next window that has a duration: a time zone that crosses the date line leaves out a day. */
export function windowAfter(grid: Grid, window: number): number {
  let next = window + 1
  while (grid.windowEnd(next) <= grid.windowStart(next)) next++
  return next
}

/** How time is cut into slices, and which of them a window consists of. Slices and windows have numbers that rise with time. */
export interface Grid {
  /** Slices in a window. */
  readonly width: number
  /** Slices from the start of a window to the start of the next. */
  readonly step: number
  /** The cell of a timestamp, valid until the next call. */
  locate(timestamp: number): Readonly<GridCell>
  firstWindow(slice: number): number
  /** Below the first window if the slice is between two windows. */
  lastWindow(slice: number): number
  firstSlice(window: number): number
  windowStart(window: number): number
  windowEnd(window: number): number
  /** The last window whose end plus `lateness` the watermark has reached. */
  lastEnded(watermark: number, lateness?: number): number
}
