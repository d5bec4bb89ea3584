import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { identityOf, type Primitive } from '../keyed-state/key.ts'
import { hash53 } from './hash.ts'
import { HyperLogLog } from './hyperloglog.ts'

describe('HyperLogLog', () => {
  it('merges exactly: register by register the sketch of a union is the union of the sketches', () => {
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

  it('counts a union, whichever of the two is the larger, and leaves the other alone', () => {
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

  it('does not care how often or in what order a value comes', () => {
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
    ['tuples', (i: number) => identityOf([i % 100, Math.floor(i / 100)])],
  ])('counts %s within four standard errors, from one to a million', (_, nth) => {
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
  it('hold how far down the first 1 is, in the bits of a hash that the index leaves over', () => {
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

  it('take the place of the hashes when there are more of those than a thirty-second of the registers', () => {
    const numbers = (n: number) => Array.from({ length: n }, (_, i) => i)
    expect(sketchOf(numbers(128), 12).estimate()).toBe(128)
    // What registers say is no whole number.
    expect(Number.isInteger(sketchOf(numbers(129), 12).estimate())).toBe(false)
  })
})

describe('hash53', () => {
  it('takes no note of the sign of zero', () => {
    expect(hash53(-0)).toBe(hash53(0))
  })

  it('tells values of different types apart that are written alike', () => {
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
