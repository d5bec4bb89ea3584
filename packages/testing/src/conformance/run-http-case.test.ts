import { EventSource as NpmEventSource } from 'eventsource'
import { EventSource as UndiciEventSource } from 'undici'
import { beforeAll, describe, expect, it } from 'vitest'
import { type Flaws, plainClient } from '../../test/plain-client.ts'
import { type HttpCase, type HttpClient, httpCases, runHttpCase } from '../index.ts'

const undiciClient: HttpClient = ({ url, initialDelayMs }, on) => {
  const source = new UndiciEventSource(url, { node: { reconnectionTime: initialDelayMs } })
  source.onopen = () => on.open()
  source.onmessage = (event) => on.event(event)
  source.onerror = () => (source.readyState === 2 ? on.failed() : on.lost())
  return () => source.close()
}

const npmClient: HttpClient = ({ url, method = 'GET', headers = {}, body = null }, on) => {
  const source = new NpmEventSource(url, {
    fetch: (to, init) => fetch(to, { ...init, method, body, headers: { ...init.headers, ...headers } }),
  })
  source.onopen = () => on.open()
  source.onmessage = (event) => on.event(event)
  source.onerror = () => (source.readyState === 2 ? on.failed() : on.lost())
  return () => source.close()
}

/** A client, and the cases that it is known to fail: by case, a part of the message. */
interface Subject {
  readonly client: HttpClient
  readonly fails: Readonly<Record<string, RegExp>>
}

const subjects: Record<string, Subject> = {
  'a plain client that follows the standard': { client: plainClient(), fails: {} },
  "undici's EventSource": {
    client: undiciClient,
    fails: {
      Q4: /expected method "POST", got "GET"/,
      Q5: /expected header last-event-id "abc", got none/,
      C3: /expected \[\["1","message",""\]\], got \[\["1","message",""\],\["2"/,
    },
  },
  'the eventsource package': {
    client: npmClient,
    fails: {
      Q5: /expected header last-event-id "abc", got none/,
      R10: /requests: expected 1, got 2/,
      // It has no option for the reconnection time, and its default is 3 s.
      R11: /request 1 came 3\d\d\d ms after the attempt before it, expected 45 to 400/,
    },
  },
}

// The machine may be busy: only upper bounds are relaxed.
const patient = { patience: 15_000, lateness: 2000 }

describe('the cases', () => {
  const verdicts = new Map<string, string>()

  beforeAll(async () => {
    const runs = Object.entries(subjects).flatMap(([name, { client }]) =>
      httpCases.map((httpCase) => async () => {
        const { failures } = await runHttpCase(httpCase, client, patient)
        verdicts.set(`${name} ${httpCase.id}`, failures.join('\n'))
      }),
    )
    const next = async (): Promise<void> => {
      for (let run = runs.pop(); run; run = runs.pop()) await run()
    }
    // A run mostly waits, but all of them at once would be too many.
    await Promise.all(Array.from({ length: 20 }, next))
  })

  for (const [name, { fails }] of Object.entries(subjects)) {
    for (const { id, title } of httpCases) {
      const failure = fails[id]
      it(`${name} ${failure ? 'fails' : 'passes'} ${id}: ${title}`, () => {
        const verdict = verdicts.get(`${name} ${id}`)
        if (failure) expect(verdict).toMatch(failure)
        else expect(verdict).toBe('')
      })
    }
  }
})

describe('a flaw of a client is found', () => {
  const flaws: [flaw: keyof Flaws, id: string, verdict: RegExp][] = [
    ['forgetsLastEventId', 'L1', /request 1: expected header last-event-id "2", got none/],
    ['keepsOldIdOnReset', 'L4', /request 1: expected no header last-event-id, got "abc"/],
    ['sendsIdAsLatin1', 'L11', /request 1: expected header last-event-id "â\x80¦", got "\?"/],
    ['ignoresRetry', 'R3', /requests: expected 2, got 1/],
    ['reconnectsAtOnce', 'R18', /request \d+ came \d+ ms after the attempt before it, expected 45 to 9999/],
    ['neverReconnects', 'R12', /the client gave up, expected that it does not/],
    ['givesUpOnReset', 'R12', /errors|requests: expected 2, got 1/],
    ['retriesAnyStatus', 'S-503', /requests: expected 1, got \d+/],
    ['takesAnyStatus', 'S-210', /events .*: expected \[\], got \[\["data","message",""\]\]/],
    ['takesAnyContentType', 'S-ct-bad-html', /events .*: expected \[\], got \[\["x","message",""\]\]/],
    ['ignoresRedirects', 'D-307', /requests: expected 2, got 1/],
    ['reconnectsToRedirectTarget', 'D-reconnect-original', /request 2: expected path "\/", got "\/target"/],
    ['reportsLossTwice', 'R11', /errors: expected 3, got 6/],
    ['reportsNoOpen', 'R20', /opens: expected 2, got 0/],
    ['deliversPartialEvents', 'L7', /events .*: expected \[\["a","message","1"\]\], got .*"b"/],
    ['deliversAfterClose', 'C3', /events .*: expected \[\["1","message",""\]\], got .*"3"/],
    ['leavesSocketOpen', 'C6', /the client did not close the socket of attempt 0/],
    ['repostsAfter302', 'D-post-302', /request 1: expected method "GET", got "POST"/],
    ['ignoresMethod', 'Q4', /request 0: expected method "POST", got "GET"/],
  ]
  for (const [flaw, id, verdict] of flaws) {
    it.concurrent(`${flaw}, by ${id}`, async ({ expect }) => {
      const httpCase = httpCases.find((one) => one.id === id)
      if (!httpCase) throw new Error(`no case ${id}`)
      const result = await runHttpCase(httpCase, plainClient({ [flaw]: true }), { patience: 1500 })
      expect(result.passed).toBe(false)
      expect(result.failures.join('\n')).toMatch(verdict)
    })
  }
})

describe('the result', () => {
  const opening: HttpCase = {
    id: 'x',
    level: 'MUST',
    source: 'here',
    title: 'one event',
    attempts: [{ status: 200, body: [{ sleep: 30 }, 'data: a\n\n', 'HOLD'] }],
    expect: { events: [['a', 'message', '']], requests: 1 },
    settle: 0,
  }

  it('fails if the events take longer than `within`, plus lateness', async () => {
    const hasty = { ...opening, expect: { ...opening.expect, within: 5 } }
    // Either the wait ends before they come, or they come just before that.
    expect((await runHttpCase(hasty, plainClient())).failures).toEqual([
      expect.stringMatching(/^(events |the events took \d+ ms, expected within 5$)/),
    ])
    expect((await runHttpCase(hasty, plainClient(), { lateness: 10_000 })).failures).toEqual([])
  })

  it('fails if there are more errors than `errorsMax`', async () => {
    const strict = {
      ...opening,
      attempts: [],
      expect: { events: [], requests: 1, errorsMax: 0, fatal: true },
    }
    expect((await runHttpCase(strict, plainClient())).failures).toEqual(['errors: expected 0, got 1'])
  })

  it('names a request that never came', async () => {
    const greedy = { ...opening, expect: { ...opening.expect, req: { 3: { path: '/' } } } }
    expect((await runHttpCase(greedy, plainClient())).failures).toEqual(['request 3 never came'])
  })

  it('is a rejection if the client itself throws', async () => {
    const broken: HttpClient = () => {
      throw new Error('cannot connect')
    }
    await expect(runHttpCase(opening, broken)).rejects.toThrow('cannot connect')
  })

  it('contains the observed events, reports and requests', async () => {
    const { passed, events, opens, errors, fatal, requests } = await runHttpCase(opening, plainClient())
    expect({ passed, events, opens, errors, fatal }).toEqual({
      passed: true,
      events: [{ type: 'message', data: 'a', lastEventId: '' }],
      opens: 1,
      errors: 0,
      fatal: false,
    })
    expect(requests.map(({ path }) => path)).toEqual(['/'])
  })
})
