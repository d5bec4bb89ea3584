import { describe, expect, it } from 'vitest'
import { counting } from '../../../test/engine.ts'
import { AlignedWindows } from './aligned-windows.ts'
import { WindowGrid } from './window-grid.ts'

const tens = new WindowGrid(10, 10, 0)

describe('AlignedWindows', () => {
  it('deletes the state of an evicted key, and starts anew when the key returns', () => {
    const { add, advance, taken } = counting((options) => new AlignedWindows(tens, options), { maxKeys: 1 })
    add('a', 1)
    add('b', 2)
    add('a', 3)
    add('a', 11)
    expect(taken()).toEqual([
      ['a', 0, 10, 1, 'flush', 0],
      ['b', 0, 10, 1, 'flush', 0],
    ])
    advance(10)
    add('a', 12)
    advance(20)
    expect(taken()).toEqual([
      ['a', 0, 10, 1, 'on-time', 0],
      ['a', 10, 20, 2, 'on-time', 0],
    ])
  })

  it('emits early results in the order in which keys came first, not in which they were used', () => {
    const { engine, add, taken } = counting((options) => new AlignedWindows(tens, options), {
      maxKeys: 9,
      early: true,
    })
    for (const key of ['c', 'a', 'b', 'a', 'c']) add(key, 1)
    engine.early()
    expect(taken()).toEqual([
      ['c', 0, 10, 2, 'early', 0],
      ['a', 0, 10, 2, 'early', 0],
      ['b', 0, 10, 1, 'early', 0],
    ])
  })
})
