import fc from 'fast-check'
import { expect, it } from 'vitest'
import { EventSourceError } from '../errors/event-source-error.ts'
import { planReconnect, resolveReconnect } from './reconnect.ts'

const cut = {
  error: new EventSourceError('network', 'cut'),
  attempt: 1,
  opened: false,
  events: 0,
  previousError: undefined,
}
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
      fc.record({ failures: fc.nat(), retryAfter: server }),
      fc.record({
        openFor: fc.double({ noNaN: true }),
        progressed: fc.boolean(),
        serverRetry: server,
        single: fc.constant(false),
      }),
      fc.double({ min: 0, max: 1, maxExcluded: true }),
      (options, before, history, random) => {
        const policy = resolveReconnect(options)
        const plan = planReconnect({ ...cut, ...before }, history, policy, random)
        const { minDelay, maxDelay, maxServerDelay, initialDelay } = policy
        if (typeof plan === 'string' || plan instanceof EventSourceError) throw new Error('expected a retry')
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
        expect(plan.failures).toBe(history.openFor >= policy.resetAfter ? 1 : before.failures + 1)
        const { earliest } = plan
        expect(earliest).toBeGreaterThanOrEqual(minDelay)
        expect(earliest).toBeGreaterThanOrEqual(Math.min(before.retryAfter ?? 0, maxServerDelay))
        expect(earliest).toBeLessThanOrEqual(delay)
      },
    ),
    { numRuns: 2000 },
  )
})

it('another failure never makes the delay shorter', () => {
  const policy = resolveReconnect({})
  fc.assert(
    fc.property(fc.nat(200), server, (failures, serverRetry) => {
      const delay = (count: number): number => {
        const history = { openFor: -1, progressed: false, serverRetry, single: false }
        const plan = planReconnect({ ...cut, failures: count, retryAfter: undefined }, history, policy, 0)
        return typeof plan === 'object' && 'delay' in plan ? plan.delay : Number.NaN
      }
      expect(delay(failures + 1)).toBeGreaterThanOrEqual(delay(failures))
    }),
  )
})
