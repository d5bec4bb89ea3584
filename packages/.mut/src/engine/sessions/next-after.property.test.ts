import fc from 'fast-check'
import { expect, it } from 'vitest'
import { nextAfter } from './next-after.ts'

it('is the next larger float', () => {
  const normal = fc.double({ noNaN: true, noDefaultInfinity: true }).filter((x) => Math.abs(x) > 1e-290)
  const powers = fc.integer({ min: -300, max: 300 }).map((e) => 2 ** e)
  const numbers = fc.oneof(
    normal,
    powers,
    powers.map((x) => -x),
    fc.integer(),
    fc.integer({ min: 1e12, max: 2e12 }),
  )
  fc.assert(
    fc.property(
      numbers.filter((x) => x !== 0),
      (x) => {
        expect(nextAfter(x)).toBe(bitsUp(x))
      },
    ),
    { numRuns: 2000 },
  )
  expect(nextAfter(0)).toBe(Number.MIN_VALUE)
})

function bitsUp(x: number): number {
  const float = new Float64Array([x])
  const bits = new BigInt64Array(float.buffer)
  bits[0] = (bits[0] ?? 0n) + (x > 0 ? 1n : -1n)
  return float[0] ?? Number.NaN
}
