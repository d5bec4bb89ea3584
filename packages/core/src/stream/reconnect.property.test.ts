import fc from 'fast-check'
import { expect, it } from 'vitest'
import { EventSourceError } from '../errors/event-source-error.ts'
import { planReconnect, resolveReconnect } from './reconnect.ts'

const end = { error: new EventSourceError('network', 'cut'), attempt: 1 }
const duration = fc.oneof(fc.nat(2 ** 31 - 1), fc.nat(10_000))
const server = fc.option(fc.oneof(fc.nat(100_000), fc.double({ min: 0, noNaN: true })), { nil: undefined })

it('a delay is within its bounds, for any policy and history', () => {
  fc.assert(
    fc.property(
      fc.record({
        initialDelay: duration,
        maxDelay: duration,
        minDelay: duration,
        maxServerDelay: duration,
        resetAfter: duration,
        factor: fc.double({ min: 1, noNaN: true }),
        jitter: fc.double({ min: 0, noNaN: true }),
      }),
      fc.record({
        failures: fc.nat(),
        openFor: fc.double({ noNaN: true }),
        serverRetry: server,
        retryAfter: server,
      }),
      fc.double({ min: 0, max: 1, maxExcluded: true }),
      (options, history, random) => {
        const policy = resolveReconnect(options, 'GET')
        const plan = planReconnect(end, history, policy, random)
        const { minDelay, maxDelay, maxServerDelay, initialDelay } = policy
        if (plan.next !== 'retry') throw new Error('expected a retry')
        const { delay } = plan
        const asked = Math.min(
          history.serverRetry ?? initialDelay,
          history.serverRetry === undefined ? Infinity : maxServerDelay,
        )
        const longest =
          Math.max(minDelay, initialDelay, maxDelay, maxServerDelay) * (1 + options.jitter * random)

        expect(Number.isInteger(delay)).toBe(true)
        expect(delay).toBeGreaterThanOrEqual(minDelay)
        expect(delay).toBeGreaterThanOrEqual(Math.min(asked, 2 ** 31 - 1))
        expect(delay).toBeLessThanOrEqual(2 ** 31 - 1)
        if (longest < 2 ** 31) expect(delay).toBeLessThanOrEqual(Math.ceil(longest))
        expect(plan.failures).toBe(history.openFor >= policy.resetAfter ? 1 : history.failures + 1)
      },
    ),
    { numRuns: 2000 },
  )
})

it('another failure never makes the delay shorter', () => {
  const policy = resolveReconnect({}, 'GET')
  fc.assert(
    fc.property(fc.nat(200), server, (failures, serverRetry) => {
      const delay = (count: number): number => {
        const history = { failures: count, openFor: -1, serverRetry, retryAfter: undefined }
        const plan = planReconnect(end, history, policy, 0)
        return plan.next === 'retry' ? plan.delay : Number.NaN
      }
      expect(delay(failures + 1)).toBeGreaterThanOrEqual(delay(failures))
    }),
  )
})
