import { from } from 'rxjs'
import { expect, it } from 'vitest'
import type { Reading } from './readings.ts'
import {
  assignToEveryWindow,
  hoppingWindows,
  type Metrics,
  refoldPanes,
  type Strategy,
} from './window-strategies.ts'

it('every strategy emits the same results', () => {
  const readings = Array.from({ length: 5000 }, (_, i): Reading => {
    const sensor = (i * 31) % 7
    return { time: 1_700_000_000_123 + i * 37, sensor, value: ((i * 7919) % 1000) / 10 }
  })
  const resultsOf = (strategy: Strategy, windows: number) => {
    const results: Metrics[] = []
    strategy(from(readings), windows * 1000, 1000).subscribe((result) => results.push(result))
    return results
  }
  for (const windows of [1, 2, 6, 60, 400]) {
    const expected = resultsOf(hoppingWindows, windows)
    expect(expected.length).toBeGreaterThan(100)
    for (const strategy of [assignToEveryWindow, refoldPanes]) {
      const got = resultsOf(strategy, windows)
      expect(got).toHaveLength(expected.length)
      expect(sortByKey(got)).toEqual(sortByKey(expected))
    }
  }
})

/** Sorts by key and rounds: sums in another order differ in the last digits, and the order of keys may differ. */
function sortByKey(results: readonly Metrics[]) {
  return results
    .map(({ value, ...rest }) => ({ ...rest, value: { ...value, mean: Number(value.mean).toFixed(9) } }))
    .sort((a, b) => a.window.end - b.window.end || a.key - b.key)
}
