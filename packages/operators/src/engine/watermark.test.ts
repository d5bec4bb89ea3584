import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Watermark } from './watermark.ts'

const standing = (now: number) => ({ now: () => now, timeOfDay: () => now, latestTimeOfDay: () => now })
const still = standing(1000)
const never = Number.POSITIVE_INFINITY

describe('Watermark', () => {
  it('is the latest timestamp minus maxOutOfOrderness, and never falls', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true })),
        fc.integer({ min: 0, max: 100 }),
        (timestamps, maxOutOfOrderness) => {
          const watermark = new Watermark({ maxOutOfOrderness, idle: never, maxFutureDrift: never })
          let latest = Number.NEGATIVE_INFINITY
          for (const timestamp of timestamps) {
            watermark.observe(timestamp, still)
            latest = Math.max(latest, timestamp)
            expect(watermark.value).toBe(latest - maxOutOfOrderness)
          }
        },
      ),
    )
  })

  it('does not read the clock unless an option needs it', () => {
    const watermark = new Watermark({ maxOutOfOrderness: 0, idle: never, maxFutureDrift: never })
    watermark.observe(5, {
      now: () => expect.unreachable(),
      timeOfDay: () => expect.unreachable(),
      latestTimeOfDay: () => expect.unreachable(),
    })
    expect(watermark.reaches(100)).toBe(never)
  })

  it('is not moved by a timestamp that is too far ahead of the clock', () => {
    const watermark = new Watermark({ maxOutOfOrderness: 0, idle: never, maxFutureDrift: 50 })
    watermark.observe(1050, still)
    watermark.observe(1051, still)
    expect(watermark.value).toBe(1050)
  })

  it('goes on with the clock in silence, at least to the requested mark', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0, max: 1e12, noNaN: true }),
        fc.double({ min: 0, max: 1e6, noNaN: true }),
        fc.integer({ min: 0, max: 1000 }),
        (at, ahead, idle) => {
          const watermark = new Watermark({ maxOutOfOrderness: 3, idle, maxFutureDrift: never })
          watermark.observe(at, still)
          const mark = at - 3 + ahead
          const due = watermark.reaches(mark)
          expect(due).toBeGreaterThanOrEqual(1000 + idle)
          watermark.advance(mark, due)
          expect(watermark.value).toBeGreaterThanOrEqual(mark)
          const value = watermark.value
          watermark.observe(at + 1, still)
          expect(watermark.value).toBeGreaterThanOrEqual(value)
        },
      ),
    )
  })

  it('goes by the clock itself in silence, as long as every event has been further ahead than allowed', () => {
    const watermark = new Watermark({ maxOutOfOrderness: 3, idle: 100, maxFutureDrift: 50 })
    watermark.observe(9000, still)
    expect(watermark.value).toBe(Number.NEGATIVE_INFINITY)
    expect(watermark.reaches(1000)).toBe(1100)
    expect(watermark.reaches(9000)).toBe(9003)
    watermark.advance(9000, 9003)
    expect(watermark.value).toBe(9000)
    watermark.observe(20, standing(9500))
    expect(watermark.reaches(9010)).toBe(9500 + 9010 - 17)
  })

  it('goes on in silence from the latest timestamp, though an older one came last', () => {
    const watermark = new Watermark({ maxOutOfOrderness: 3, idle: 1, maxFutureDrift: never })
    watermark.observe(500, still)
    watermark.observe(400, still)
    expect(watermark.reaches(600)).toBe(1000 + 600 - 497)
  })

  it('has gone on by as long as nothing has come', () => {
    const watermark = new Watermark({ maxOutOfOrderness: 3, idle: 100, maxFutureDrift: never })
    watermark.observe(500, standing(1000))
    watermark.advance(600, 6000)
    expect(watermark.value).toBe(497 + 5000)
  })

  it('follows exactly the timestamps within the allowed drift of the time of day, however rarely it reads the clock', () => {
    const step = fc.record({
      wait: fc.nat(20),
      /** How far the system's clock is ahead of the one that never goes back. Somebody may set it. */
      ahead: fc.oneof(fc.constant(0), fc.nat(200)),
      offset: fc.integer({ min: -100, max: 150 }),
    })
    fc.assert(
      fc.property(
        fc.array(step),
        fc.nat(60),
        fc.constantFrom(0, 40, never),
        (steps, maxFutureDrift, idle) => {
          const watermark = new Watermark({ maxOutOfOrderness: 0, idle, maxFutureDrift })
          let expected = Number.NEGATIVE_INFINITY
          let now = 1000
          for (const { wait, ahead, offset } of steps) {
            now += wait
            const timestamp = now + offset
            const [time, latest] = [now, now + ahead]
            watermark.observe(timestamp, {
              now: () => time,
              timeOfDay: () => time,
              latestTimeOfDay: () => latest,
            })
            if (timestamp <= latest + maxFutureDrift) expected = Math.max(expected, timestamp)
            expect(watermark.value).toBe(expected)
          }
        },
      ),
      { numRuns: 1000 },
    )
  })
})
