import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DDSketch } from './ddsketch.ts'

const value = fc.oneof(
  fc.double({ noNaN: true, min: -1e9, max: 1e9 }).filter((x) => x === 0 || Math.abs(x) > 1e-300),
  fc.integer({ min: -5, max: 5 }),
  fc.constantFrom(1e-200, -1e-200, 1e300, -1e300),
)
const values = fc.array(value, { minLength: 1, maxLength: 200, size: 'max' })
const share = fc.oneof(fc.double({ min: 0, max: 1, noNaN: true }), fc.constantFrom(0, 0.5, 1))

describe('DDSketch', () => {
  it('estimates every quantile within its relative error', () => {
    fc.assert(
      fc.property(values, share, fc.constantFrom(0.2, 0.01, 0.001, 1e-11), (list, q, relativeError) => {
        const exact = list.toSorted((a, b) => a - b)[Math.floor(q * (list.length - 1))] ?? Number.NaN
        const got = sketchOf(list, relativeError).quantile(q)
        // Of the last digits of logarithms: at most 1e-12.
        expect(Math.abs(got - exact)).toBeLessThanOrEqual(Math.abs(exact) * (relativeError + 1e-12))
      }),
    )
  })

  it('merges exactly: the sketch of a union is the union of the sketches', () => {
    fc.assert(
      fc.property(values, values, share, (one, other, q) => {
        const merged = sketchOf(one, 0.01)
        merged.merge(sketchOf(other, 0.01))
        expect(merged.quantile(q)).toBe(sketchOf([...one, ...other], 0.01).quantile(q))
        expect(merged.count).toBe(one.length + other.length)
      }),
    )
  })

  it('estimates numbers near the largest one, though the bounds of their bucket are larger', () => {
    const sketch = sketchOf([1.7e308, 1.75e308, 1.79e308, 1.79e308, Number.POSITIVE_INFINITY], 0.01)
    for (const [q, exact] of [
      [0.25, 1.75e308],
      [0.5, 1.79e308],
      [0.75, 1.79e308],
    ] as const)
      expect(Math.abs(sketch.quantile(q) / exact - 1)).toBeLessThanOrEqual(0.01)
  })

  it('returns NaN if there is no value, or if one is NaN', () => {
    expect(sketchOf([], 0.01).quantile(0.5)).toBeNaN()
    for (const q of [0, 1]) {
      expect(sketchOf([1, Number.NaN], 0.01).quantile(q)).toBeNaN()
      for (const [one, other] of [
        [[1], [Number.NaN]],
        [[Number.NaN], [1]],
      ] as const) {
        const merged = sketchOf(one, 0.01)
        merged.merge(sketchOf(other, 0.01))
        expect(merged.quantile(q)).toBeNaN()
      }
    }
    expect(sketchOf([1, Number.POSITIVE_INFINITY], 0.01).quantile(1)).toBe(Number.POSITIVE_INFINITY)
  })
})

function sketchOf(list: readonly number[], relativeError: number): DDSketch {
  const sketch = new DDSketch(relativeError)
  for (const x of list) sketch.add(x)
  return sketch
}
