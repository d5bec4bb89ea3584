import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { orderEntries } from './entry-order.ts'
import type { LogEntry } from './event-log.ts'

const entry = (offset: number): LogEntry => ({
  id: `x-${offset}`,
  offset,
  message: { data: '', topic: 'message' },
  target: 'all',
})

const order = (offsets: number[], after = 0, end = Number.POSITIVE_INFINITY) =>
  orderEntries(offsets.map(entry), after, end).inOrder.map(({ offset }) => offset)

describe('orderEntries', () => {
  it.each([
    ['nothing, if all is in order', [1, 2, 5], [1, 2, 5]],
    ['one that is too far ahead', [1, 99, 2, 3], [1, 2, 3]],
    ['one that is too far behind', [5, 6, 1, 7], [5, 6, 7]],
    ['one that comes again', [1, 2, 2, 3], [1, 2, 3]],
    ['what is not after the start', [0, 1, 2], [1, 2]],
  ])('leaves out %s', (_name, given, expected) => {
    expect(order(given)).toEqual(expected)
  })

  it('leaves out what is after the end of the page', () => {
    expect(order([1, 2, 9], 0, 3)).toEqual([1, 2])
  })

  it('keeps as many as a search of all subsequences does', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -1, max: 8 }), { maxLength: 8 }), (offsets) => {
        let most = 0
        for (let mask = 0; mask < 2 ** offsets.length; mask++) {
          const chosen = offsets.filter((_each, index) => mask & (1 << index))
          const grows = chosen.every((each, index) => each > (chosen[index - 1] ?? 0) && each <= 7)
          if (grows) most = Math.max(most, chosen.length)
        }
        const kept = order(offsets, 0, 7)
        expect(kept.length).toBe(most)
        expect(kept).toEqual([...kept].sort((one, other) => one - other))
      }),
    )
  })
})
