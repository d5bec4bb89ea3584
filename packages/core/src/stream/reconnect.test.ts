import { describe, expect, it } from 'vitest'
import { EventSourceError } from '../errors/event-source-error.ts'
import {
  type ConnectionEnd,
  defaultDecide,
  planReconnect,
  type ReconnectHistory,
  type ReconnectOptions,
  resolveReconnect,
  strictDecide,
} from './reconnect.ts'

const properEnd: ConnectionEnd = { error: undefined, attempt: 1 }
const failed = (error: EventSourceError): ConnectionEnd => ({ error, attempt: 1 })
const status = (code: number): ConnectionEnd =>
  failed(new EventSourceError('http-status', `the server answered ${code}`, { status: code }))
const cut = failed(new EventSourceError('network', 'cut'))

const fresh: ReconnectHistory = { failures: 0, openFor: -1, serverRetry: undefined, retryAfter: undefined }

function delay(options: ReconnectOptions, history: Partial<ReconnectHistory> = {}, random = 0): number {
  const plan = planReconnect(cut, { ...fresh, ...history }, resolveReconnect(options, 'GET'), random)
  if (plan.next !== 'retry') throw new Error(`expected a retry, got ${plan.next}`)
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
  for (const code of ['network', 'connect-timeout', 'idle-timeout', 'request'] as const) {
    it(`${code} is retried`, () =>
      expect(defaultDecide(failed(new EventSourceError(code, '')))).toBe('retry'))
  }
  for (const code of ['tls', 'content-type', 'event-too-large', 'redirect'] as const) {
    it(`${code} is final`, () => expect(defaultDecide(failed(new EventSourceError(code, '')))).toBe('fail'))
  }
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
  const failuresAfter = (history: Partial<ReconnectHistory>): number => {
    const plan = planReconnect(cut, { ...fresh, ...history }, resolveReconnect({}, 'GET'), 0)
    return plan.next === 'retry' ? plan.failures : Number.NaN
  }

  it('continues after a connection that was open only briefly', () => {
    expect(failuresAfter({ failures: 3 })).toBe(4)
    expect(failuresAfter({ failures: 3, openFor: 29_999 })).toBe(4)
  })

  it('restarts after a healthy connection', () => {
    expect(failuresAfter({ failures: 3, openFor: 30_000 })).toBe(1)
  })
})

describe('maxAttempts', () => {
  const plan = (failures: number, end: ConnectionEnd = cut) =>
    planReconnect(end, { ...fresh, failures }, resolveReconnect({ maxAttempts: 3 }, 'GET'), 0)

  it('is how many connections in a row may fail', () => {
    expect(plan(0).next).toBe('retry')
    expect(plan(1).next).toBe('retry')
    expect(plan(2).next).toBe('fail')
  })

  it('is reported as retries-exhausted, with the last failure as its cause', () => {
    const end = status(503)
    expect(plan(2, end)).toMatchObject({
      error: { code: 'retries-exhausted', status: 503, attempt: 1, cause: end.error },
    })
  })
})

describe('maxAttempts, for connections that end properly at once,', () => {
  it('is reached too, and the error has no cause', () => {
    const plan = planReconnect(
      properEnd,
      { ...fresh, failures: 2 },
      resolveReconnect({ maxAttempts: 3 }, 'GET'),
      0,
    )
    expect(plan).toMatchObject({
      next: 'fail',
      error: { code: 'retries-exhausted', attempt: 1, status: undefined },
    })
  })
})

describe('a request that is sent once', () => {
  for (const [name, policy] of [
    ['a POST', () => resolveReconnect({}, 'POST')],
    ['a PATCH whose decide would retry', () => resolveReconnect({ decide: () => 'retry' }, 'PATCH')],
    ['reconnect: false', () => resolveReconnect(false, 'GET')],
  ] as const) {
    it(`${name}: a proper end completes, and so does 204`, () => {
      expect(planReconnect(properEnd, fresh, policy(), 0)).toEqual({ next: 'complete' })
      expect(planReconnect(status(204), fresh, policy(), 0)).toEqual({ next: 'complete' })
    })
    it(`${name}: anything else is an error`, () => {
      expect(planReconnect(cut, fresh, policy(), 0)).toEqual({ next: 'fail', error: cut.error })
      expect(planReconnect(status(503), fresh, policy(), 0).next).toBe('fail')
    })
  }

  for (const method of ['GET', 'HEAD', 'PUT', 'DELETE', 'OPTIONS', 'TRACE', 'QUERY']) {
    it(`is not a ${method}`, () => {
      expect(planReconnect(cut, fresh, resolveReconnect({}, method), 0).next).toBe('retry')
    })
  }

  it('is not a POST with unsafeMethods', () => {
    expect(planReconnect(cut, fresh, resolveReconnect({ unsafeMethods: true }, 'POST'), 0).next).toBe('retry')
  })
})

describe('a custom decide', () => {
  it('may fail a proper end, which then completes', () => {
    const policy = resolveReconnect({ decide: () => 'fail' }, 'GET')
    expect(planReconnect(properEnd, fresh, policy, 0)).toEqual({ next: 'complete' })
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
      expect(() => resolveReconnect(options, 'GET')).toThrow(message)
    })
  }
})
