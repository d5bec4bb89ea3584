import type { Duration } from '@rxsse/shared'
import { describe, expect, it } from 'vitest'
import { EventSourceError } from '../errors/event-source-error.ts'
import {
  type ConnectionEnd,
  defaultDecide,
  mayResend,
  planReconnect,
  type ReconnectHistory,
  type ReconnectOptions,
  type ReconnectPlan,
  resolveReconnect,
  strictDecide,
} from './reconnect.ts'

const properEnd: ConnectionEnd = {
  error: undefined,
  attempt: 1,
  failures: 0,
  opened: true,
  events: 0,
  previousError: undefined,
  retryAfter: undefined,
}
const failed = (error: EventSourceError): ConnectionEnd => ({ ...properEnd, error })
const status = (code: number): ConnectionEnd =>
  failed(new EventSourceError('http-status', `the server answered ${code}`, { status: code }))
const cut = failed(new EventSourceError('network', 'cut'))

const fresh: ReconnectHistory = { openFor: -1, progressed: false, serverRetry: undefined, single: false }

type Before = Partial<ReconnectHistory> & Partial<Pick<ConnectionEnd, 'failures' | 'retryAfter'>>

function planAfter(end: ConnectionEnd, before: Before, options: ReconnectOptions, random = 0): ReconnectPlan {
  const { failures = 0, retryAfter, ...history } = before
  return planReconnect(
    { ...end, failures, retryAfter },
    { ...fresh, ...history },
    resolveReconnect(options),
    random,
  )
}

function delay(options: ReconnectOptions, before: Before = {}, random = 0): number {
  const plan = planAfter(cut, before, options, random)
  if (typeof plan === 'string' || plan instanceof EventSourceError)
    throw new Error(`expected a retry, got ${plan}`)
  return plan.delay
}

describe('by default', () => {
  for (const code of [408, 425, 429, 500, 502, 503, 504, 599]) {
    it(`${code} is retried`, () => expect(defaultDecide(status(code))).toBe('retry'))
  }
  for (const code of [200, 202, 205, 301, 304, 400, 401, 403, 404, 410, 418, 451]) {
    it(`${code} is final`, () => expect(defaultDecide(status(code))).toBe('fail'))
  }
  it('204 completes', () => expect(defaultDecide(status(204))).toBe('complete'))
  it('a proper end is retried', () => expect(defaultDecide(properEnd)).toBe('retry'))
  for (const code of ['network', 'connect-timeout', 'head-timeout', 'idle-timeout', 'request'] as const) {
    it(`${code} is retried`, () =>
      expect(defaultDecide(failed(new EventSourceError(code, '')))).toBe('retry'))
  }
  for (const code of [
    'tls',
    'content-type',
    'event-too-large',
    'redirect',
    'incomplete',
    'aborted',
  ] as const) {
    it(`${code} is final`, () => expect(defaultDecide(failed(new EventSourceError(code, '')))).toBe('fail'))
  }
})

it('a response that the transport cannot read is final by default', () => {
  expect(defaultDecide(failed(new EventSourceError('request', '', { status: 200 })))).toBe('fail')
})

describe('by the rule of the standard', () => {
  for (const code of [204, 408, 429, 500, 503]) {
    it(`${code} is final`, () => expect(strictDecide(status(code))).toBe('fail'))
  }
  it('a lost connection is retried', () => {
    expect(strictDecide(cut)).toBe('retry')
    expect(strictDecide(properEnd)).toBe('retry')
  })
})

describe('the delay', () => {
  it('doubles from 1 s up to 30 s', () => {
    const delays = [0, 1, 2, 3, 4, 5, 6, 100].map((failures) => delay({}, { failures }))
    expect(delays).toEqual([1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000])
  })

  it('is randomly up to twice as long, never shorter', () => {
    expect(delay({}, {}, 0)).toBe(1000)
    expect(delay({}, {}, 0.5)).toBe(1500)
    expect(delay({}, {}, 0.999_999)).toBe(2000)
    expect(delay({ jitter: 0 }, {}, 0.5)).toBe(1000)
  })

  it("starts from the server's retry, which growth does not cap", () => {
    expect(delay({}, { serverRetry: 150 })).toBe(150)
    expect(delay({}, { serverRetry: 150, failures: 2 })).toBe(600)
    expect(delay({}, { serverRetry: 60_000 })).toBe(60_000)
    expect(delay({}, { serverRetry: 60_000, failures: 5 })).toBe(60_000)
  })

  it('is at least minDelay, and grows from there after retry: 0', () => {
    const delays = [0, 1, 2].map((failures) => delay({}, { serverRetry: 0, failures }))
    expect(delays).toEqual([50, 100, 200])
  })

  it('is at most an hour if the server asks for more', () => {
    expect(delay({}, { serverRetry: 1e20 })).toBe(3_600_000)
    expect(delay({}, { retryAfter: 1e20 })).toBe(3_600_000)
    expect(delay({ maxServerDelay: '5m' }, { serverRetry: 1e20 })).toBe(300_000)
  })

  it('is raised by Retry-After, and not lowered', () => {
    expect(delay({}, { retryAfter: 5000 })).toBe(5000)
    expect(delay({}, { retryAfter: 10, failures: 3 })).toBe(8000)
  })

  it('is at most the longest delay of a timer', () => {
    expect(delay({ initialDelay: '20d', maxDelay: '20d' }, {}, 0.9)).toBe(2 ** 31 - 1)
    expect(delay({ factor: Number.POSITIVE_INFINITY, maxDelay: '20d' }, { failures: 1 })).toBe(
      20 * 86_400_000,
    )
    expect(delay({ minDelay: 0, initialDelay: 0, factor: 1e300 }, { failures: 100 })).toBe(0)
    expect(delay({ jitter: Number.POSITIVE_INFINITY }, {}, 0)).toBe(1000)
    expect(delay({}, {}, Number.NaN)).toBe(1000)
  })
})

describe('the count of failures', () => {
  const failuresAfter = (before: Before, end = cut): number => {
    const plan = planAfter(end, before, {})
    return typeof plan === 'object' && 'failures' in plan ? plan.failures : Number.NaN
  }

  it('continues after a connection that was open only briefly', () => {
    expect(failuresAfter({ failures: 3 })).toBe(4)
    expect(failuresAfter({ failures: 3, openFor: 29_999 })).toBe(4)
  })

  it('restarts after a healthy connection', () => {
    expect(failuresAfter({ failures: 3, openFor: 30_000 })).toBe(1)
  })

  it('is zero after a proper end that followed progress, however short the connection was', () => {
    expect(failuresAfter({ failures: 3, openFor: 1, progressed: true }, properEnd)).toBe(0)
    expect(failuresAfter({ failures: 3, openFor: 1, progressed: true }, cut)).toBe(4)
    expect(failuresAfter({ failures: 3, openFor: 1 }, properEnd)).toBe(4)
  })

  it('is zero after a proper end of a quiet connection that was open as long as the delay would be', () => {
    expect(failuresAfter({ failures: 3, openFor: 7999 }, properEnd)).toBe(4)
    expect(failuresAfter({ failures: 3, openFor: 8000 }, properEnd)).toBe(0)
    expect(failuresAfter({ failures: 3, openFor: 8000 }, cut)).toBe(4)
    // A server that asks for more is waited for.
    expect(failuresAfter({ failures: 0, openFor: 8000, serverRetry: 9000 }, properEnd)).toBe(1)
    // One that asks for hardly any delay is no reason to connect all the time.
    expect(failuresAfter({ failures: 0, openFor: 999, serverRetry: 1 }, properEnd)).toBe(1)
    expect(failuresAfter({ failures: 0, openFor: 1000, serverRetry: 1 }, properEnd)).toBe(0)
  })
})

describe('maxAttempts', () => {
  const plan = (failures: number, end: ConnectionEnd = cut) =>
    planAfter(end, { failures }, { maxAttempts: 3 })

  it('is how many connections in a row may fail', () => {
    expect(plan(0)).toHaveProperty('delay')
    expect(plan(1)).toHaveProperty('delay')
    expect(plan(2)).toBeInstanceOf(EventSourceError)
  })

  it('is reported as retries-exhausted, with the last failure as its cause', () => {
    const end = status(503)
    expect(plan(2, end)).toMatchObject({
      code: 'retries-exhausted',
      status: 503,
      attempt: 1,
      cause: end.error,
    })
  })
})

describe('maxAttempts, for connections that end properly at once,', () => {
  it('is reached too, and the error has no cause', () => {
    const plan = planAfter(properEnd, { failures: 2 }, { maxAttempts: 3 })
    expect(plan).toMatchObject({ code: 'retries-exhausted', attempt: 1 })
  })
})

describe('a request that is sent once', () => {
  const single = { ...fresh, single: true }
  const policy = resolveReconnect({ decide: () => 'retry' })

  it('completes at a proper end, and at 204', () => {
    expect(planReconnect(properEnd, single, policy, 0)).toBe('complete')
    expect(planReconnect(status(204), single, policy, 0)).toBe('complete')
  })
  it('fails at anything else', () => {
    expect(planReconnect(cut, single, policy, 0)).toBe(cut.error)
    expect(planReconnect(status(503), single, policy, 0)).toBeInstanceOf(EventSourceError)
  })

  for (const method of ['GET', 'HEAD', 'PUT', 'DELETE', 'OPTIONS', 'TRACE', 'QUERY']) {
    it(`is not a ${method}, unless reconnect is false`, () => {
      expect(mayResend(resolveReconnect({}), method)).toBe(true)
      expect(mayResend(resolveReconnect(false), method)).toBe(false)
    })
  }

  for (const method of ['POST', 'PATCH', 'get']) {
    it(`is a ${method}, unless unsafeMethods is true`, () => {
      expect(mayResend(resolveReconnect({}), method)).toBe(false)
      expect(mayResend(resolveReconnect({ unsafeMethods: true }), method)).toBe(true)
    })
  }
})

describe('a custom decide', () => {
  it('may fail a proper end, which then completes', () => {
    expect(planAfter(properEnd, {}, { decide: () => 'fail' })).toBe('complete')
  })

  it('may name a delay in place of backoff and Retry-After, but not of minDelay', () => {
    const after = (retry: Duration) =>
      planAfter(cut, { failures: 7, retryAfter: 60_000 }, { decide: () => ({ retry }) }, 0.9)
    expect(after('2s')).toEqual({ delay: 2000, earliest: 50, failures: 8 })
    expect(after(0)).toEqual({ delay: 50, earliest: 50, failures: 8 })
  })

  for (const answer of [undefined, 'again', null, {}, Promise.resolve('retry'), { retry: '1x' }]) {
    it(`is wrong if it answers ${JSON.stringify(answer)}`, () => {
      const plan = planAfter(cut, {}, { decide: () => answer as 'retry' })
      expect(plan).toBeInstanceOf(EventSourceError)
      expect(plan).toMatchObject({ code: 'request', attempt: 1, cause: expect.any(TypeError) })
    })
  }
})

describe('a wake', () => {
  it('ends the wait after minDelay, or after Retry-After', () => {
    expect(planAfter(cut, { failures: 9 }, {})).toMatchObject({ earliest: 50 })
    expect(planAfter(cut, { retryAfter: 5000 }, {})).toMatchObject({ earliest: 5000 })
    expect(planAfter(cut, { retryAfter: 1e20 }, {})).toMatchObject({ earliest: 3_600_000 })
  })
})

describe('bad options', () => {
  for (const [options, message] of [
    [{ initialDelay: -1 }, /^reconnect\.initialDelay must be a duration such as .* not the number -1$/],
    [
      { maxDelay: '30x' as '30s' },
      /^reconnect\.maxDelay must be a duration such as .* not the string "30x"$/,
    ],
    [{ minDelay: '25d' }, /^reconnect\.minDelay must be .* at most 2147483647 ms, not the string "25d"$/],
    [{ factor: 0.5 }, /^reconnect\.factor must be a number of at least 1, not the number 0\.5$/],
    [{ jitter: Number.NaN }, /^reconnect\.jitter must be a number of at least 0, not the number NaN$/],
    [{ maxAttempts: 0 }, /^reconnect\.maxAttempts must be a number of at least 1, not the number 0$/],
  ] as const satisfies readonly (readonly [ReconnectOptions, RegExp])[]) {
    it(`${JSON.stringify(options)} is refused`, () => {
      expect(() => resolveReconnect(options)).toThrow(message)
    })
  }
})
