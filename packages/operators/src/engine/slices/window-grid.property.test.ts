import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { WindowGrid } from './window-grid.ts'

/** A third of a second, a tenth of a millisecond, and anything else. */
const size = fc.oneof(
  fc.constantFrom(1000 / 3, 0.1, 0.3, 1 / 7),
  fc.double({ min: 0.01, max: 1e6, noNaN: true }),
)
const timestamp = fc
  .oneof(
    fc.double({ min: -1e12, max: 2e12, noNaN: true }),
    fc.integer({ min: -10, max: 10 }).map((n) => n / 10),
  )
  // No time is -0.
  .map((at) => at + 0)
const offset = fc.oneof(fc.constant(0), fc.double({ min: -1e6, max: 1e6, noNaN: true }))

describe('windows with a fraction of a millisecond', () => {
  it('are side by side, and contain their events but not their end', () => {
    fc.assert(
      fc.property(size, offset, timestamp, (length, by, at) => {
        const grid = new WindowGrid(length, length, by)
        for (const time of [
          at,
          grid.windowEnd(grid.locate(at).slice),
          grid.windowStart(grid.locate(at).slice),
        ]) {
          const { firstWindow: window, lastWindow, lastEnd } = { ...grid.locate(time) }
          expect(lastWindow).toBe(window)
          expect(lastEnd).toBe(grid.windowEnd(window))
          expect(grid.windowStart(window)).toBeLessThanOrEqual(time)
          expect(grid.windowEnd(window)).toBeGreaterThan(time)
          expect(grid.windowStart(window + 1)).toBe(grid.windowEnd(window))
          expect(grid.lastEnded(time) - window).toBe(-1)
          expect(grid.lastEnded(grid.windowEnd(window)) - window).toBe(0)
        }
      }),
      { numRuns: 3000 },
    )
  })
})
