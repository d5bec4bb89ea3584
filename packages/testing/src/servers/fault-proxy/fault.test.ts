import { expect, it } from 'vitest'
import { randomFaults } from './fault.ts'
import { seededRandom } from './seeded-random.ts'

it('random faults have every kind and both directions, and keep within their bounds', () => {
  const plan = randomFaults({ maxBytes: 10, maxDelay: 5, minBytesPerSecond: 100 })
  const faults = Array.from({ length: 400 }, (_, index) => plan(index, seededRandom(1, index))).flat()
  expect(new Set(faults.map(({ kind, direction }) => `${kind} ${direction}`)).size).toBe(10)
  for (const fault of faults) {
    if (fault.kind === 'delay') expect(fault.ms).toBeLessThanOrEqual(5)
    else if (fault.kind === 'throttle') expect(fault.bytesPerSecond).toBeGreaterThanOrEqual(100)
    else expect(fault.after).toBeLessThanOrEqual(10)
  }
})
