import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Gcra } from './gcra.ts'

const limit = fc.record({
  tokens: fc.integer({ min: 1, max: 9 }),
  interval: fc.integer({ min: 1, max: 100 }),
  burst: fc.integer({ min: 1, max: 9 }),
})

describe('Gcra', () => {
  it('returns the exact wait: after it the tokens are there, and a millisecond earlier they are not', () => {
    const takes = fc.array(
      fc.record({ wait: fc.integer({ min: 0, max: 50 }), cost: fc.double({ min: 0, max: 1, noNaN: true }) }),
      { minLength: 1 },
    )
    fc.assert(
      fc.property(limit, takes, (options, list) => {
        const gcra = new Gcra(options)
        const bucket = gcra.bucket()
        let now = 0
        for (const step of list) {
          const cost = Math.ceil(step.cost * options.burst)
          now += step.wait
          const wait = gcra.wait(bucket, cost, now)
          expect(gcra.wait(bucket, cost, now + wait)).toBe(0)
          if (wait > 0) expect(gcra.wait(bucket, cost, now + wait - 1)).toBeGreaterThan(0)
          now += wait
          gcra.take(bucket, cost, now)
        }
      }),
    )
  })

  it('is full again when all taken tokens are back, and is then like a new bucket', () => {
    fc.assert(
      fc.property(limit, fc.integer({ min: 0, max: 3000 }), (options, now) => {
        const gcra = new Gcra(options)
        const bucket = gcra.bucket()
        gcra.take(bucket, options.burst, 0)
        const isFull = now * options.tokens >= options.burst * options.interval
        expect(gcra.isFull(bucket, now)).toBe(isFull)
        expect(gcra.wait(bucket, options.burst, now) === 0).toBe(isFull)
      }),
    )
  })
})
