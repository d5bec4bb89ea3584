import { describe, expect, it } from 'vitest'
import { counting } from '../../../test/engine.ts'
import { nextAfter } from './next-after.ts'
import { SessionWindows } from './session-windows.ts'

describe('SessionWindows', () => {
  it('flushes the open sessions of an evicted key, and does not repeat those that have fired', () => {
    const { add, advance, taken } = counting(
      (options) => new SessionWindows(5, Number.POSITIVE_INFINITY, options),
      { maxKeys: 1, allowedLateness: 100 },
    )
    add('a', 0)
    advance(20)
    add('a', 30)
    expect(taken()).toEqual([['a', 0, 5, 1, 'on-time', 0]])
    add('b', 30)
    expect(taken()).toEqual([['a', 30, 35, 1, 'flush', 0]])
  })

  it('fires sessions with the same end in the order in which keys came first', () => {
    for (const fire of ['advance', 'flush', 'early'] as const) {
      const { engine, add, advance, taken } = counting(
        (options) => new SessionWindows(5, Number.POSITIVE_INFINITY, options),
        { maxKeys: 9, early: true },
      )
      for (const key of ['c', 'a', 'b', 'a', 'c']) add(key, 1)
      if (fire === 'advance') advance(100)
      else engine[fire](false)
      expect(taken().map((result) => (result as unknown[])[0])).toEqual(['c', 'a', 'b'])
    }
  })

  it('merges two sessions if the result is shorter than maxDuration', () => {
    for (const [maxDuration, sessions] of [
      [
        12,
        [
          [0, 12, 2],
          [12, 22, 1],
        ],
      ],
      [13, [[0, 13, 3]]],
    ] as const) {
      const { engine, add, taken } = counting((options) => new SessionWindows(10, maxDuration, options))
      for (const time of [0, 12, 6]) add('a', time)
      engine.flush(false)
      expect(taken().map((result) => (result as unknown[]).slice(1, 4))).toEqual(sessions)
    }
  })

  it('expires when the watermark has passed its end and the lateness, to the last bit of a float', () => {
    const end = 105
    for (const [watermark, isLate] of [
      [end, false],
      [nextAfter(end), true],
    ] as const) {
      const { engine, add, advance, taken } = counting(
        (options) => new SessionWindows(5, Number.POSITIVE_INFINITY, options),
        { maxKeys: 2 },
      )
      add('other', 200)
      add('known', 200)
      advance(watermark)
      // Of a key with a session, and of one without: that one would push another key out, were it not late.
      expect(add('known', 100)).toBe(isLate ? 'late' : 'held')
      expect(add('unknown', 100)).toBe(isLate ? 'late' : 'held')
      expect(engine.keys).toBe(2)
      expect(taken()).toHaveLength(isLate ? 0 : 1)
    }
  })

  it('fires again at once for an event that comes right after its end', () => {
    const { add, advance, taken } = counting(
      (options) => new SessionWindows(5, Number.POSITIVE_INFINITY, options),
      { allowedLateness: 10 },
    )
    add('a', 100)
    advance(nextAfter(105))
    add('a', 100)
    expect(taken()).toEqual([
      ['a', 100, 105, 1, 'on-time', 0],
      ['a', 100, 105, 2, 'late', 1],
    ])
  })
})
