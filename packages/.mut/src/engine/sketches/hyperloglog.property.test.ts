import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { identifyKey, type Primitive } from '../keyed-state/key.ts'
import { hash53 } from './hash.ts'
import { HyperLogLog } from './hyperloglog.ts'

describe('HyperLogLog', () => {
  it('merges exactly: each register of the sketch of a union is that of the merged sketches', () => {
    const values = fc.array(fc.oneof(fc.integer(), fc.string(), fc.double(), fc.bigInt(), fc.boolean()), {
      maxLength: 300,
      size: 'max',
    })
    fc.assert(
      fc.property(values, values, fc.integer({ min: 4, max: 14 }), (one, other, precision) => {
        const merged = sketchOf(one, precision)
        const from = sketchOf(other, precision)
        const before = from.registers()
        merged.merge(from)
        expect(merged.registers()).toEqual(sketchOf([...one, ...other], precision).registers())
        expect(from.registers()).toEqual(before)
      }),
    )
  })

  it('counts a union, whichever sketch is larger, and does not change the other one', () => {
    const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i)
    const few = range(0, 20)
    const many = range(10, 2000)
    const more = range(1000, 4000)
    for (const [one, other] of [
      [few, many],
      [many, few],
      [many, more],
      [more, many],
    ] as const) {
      const [merged, from] = [sketchOf(one, 10), sketchOf(other, 10)]
      const estimate = from.estimate()
      merged.merge(from)
      expect(merged.estimate()).toBe(sketchOf([...one, ...other], 10).estimate())
      expect(merged.estimate() / new Set([...one, ...other]).size).toBeCloseTo(1, 1)
      expect(from.estimate()).toBe(estimate)
    }
  })

  it('does not depend on how often or in which order values come', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ max: 50 })), (list) => {
        expect(sketchOf(list, 8).registers()).toEqual(sketchOf([...new Set(list)].reverse(), 8).registers())
      }),
    )
  })

  it.each([
    ['whole numbers', (i: number) => i],
    ['fractions', (i: number) => i / 7],
    ['words', (i: number) => `user-${i}`],
    ['tuples', (i: number) => identifyKey([i % 100, Math.floor(i / 100)])],
  ])('counts %s within four standard errors, from 1 to a million', (_, nth) => {
    const precision = 12
    const sketch = new HyperLogLog(precision)
    let worst = 0
    for (let n = 1, next = 1; n <= 1_000_000; n++) {
      sketch.add(nth(n))
      if (n !== next) continue
      worst = Math.max(worst, Math.abs(sketch.estimate() - n) / n)
      next = Math.ceil(next * 1.7)
    }
    expect(worst).toBeLessThan((4 * 1.04) / Math.sqrt(2 ** precision))
  })

  it('counts small numbers exactly', () => {
    for (let n = 0; n <= 500; n += 7) {
      expect(
        Math.round(
          sketchOf(
            Array.from({ length: n }, (_, i) => i),
            14,
          ).estimate(),
        ),
      ).toBe(n)
    }
  })
})

describe('the registers of a sketch', () => {
  it('hold the position of the first 1 in the bits after the index', () => {
    // With 18, one value in 2 ** 14 has its first 1 in the lower half of its hash.
    for (const precision of [4, 18]) {
      const rest = BigInt(53 - precision)
      const expected = new Uint8Array(2 ** precision)
      const sketch = new HyperLogLog(precision)
      for (let value = 0; value < 200_000; value++) {
        sketch.add(value)
        const hash = BigInt(hash53(value))
        const index = Number(hash >> rest)
        const left = hash & ((1n << rest) - 1n)
        const rank = 1 + Number(rest) - (left === 0n ? 0 : left.toString(2).length)
        expected[index] = Math.max(expected[index] ?? 0, rank)
      }
      expect(sketch.registers()).toEqual(expected)
    }
  })

  it('replace the hashes when there are more hashes than 1/32 of the registers', () => {
    const numbers = (n: number) => Array.from({ length: n }, (_, i) => i)
    expect(sketchOf(numbers(128), 12).estimate()).toBe(128)
    // What registers say is no whole number.
    expect(Number.isInteger(sketchOf(numbers(129), 12).estimate())).toBe(false)
  })
})

describe('hash53', () => {
  it('ignores the sign of zero', () => {
    expect(hash53(-0)).toBe(hash53(0))
  })

  it('distinguishes values of different types with the same text', () => {
    const hashes = [1, '1', 1n, true, 'true', null, 'null', undefined].map((value) => hash53(value))
    expect(new Set(hashes).size).toBe(hashes.length)
    for (const hash of hashes) expect(Number.isSafeInteger(hash)).toBe(true)
  })
})

function sketchOf(list: readonly Primitive[], precision: number): HyperLogLog {
  const sketch = new HyperLogLog(precision)
  for (const value of list) sketch.add(value)
  return sketch
}
