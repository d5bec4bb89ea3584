import { createScriptedHttp2Server, createScriptedServer, testCertificate } from '@rxsse/testing'
import fc from 'fast-check'
import { take } from 'rxjs'
import { Agent } from 'undici'
import { expect, it } from 'vitest'
import { defaultDecide, type EventSourceError, fromEventSource, undiciTransport } from '../index.ts'

/** How a connection goes. A page ends properly. `at` is how many bytes of what it owes come before the end. */
const connection = fc.record({
  answer: fc.constantFrom('feed', 'feed', 'page', 'page', 'empty', 'redirect', 401, 503),
  at: fc.nat(300),
  late: fc.constantFrom(0, 0, 15),
  beforeHead: fc.boolean(),
  end: fc.constantFrom('CUT', 'RST', 'NO_ERROR', 'CANCEL', 'INTERNAL_ERROR'),
  retryAfter: fc.constantFrom(false, false, true),
} as const)
type Connection = typeof connection extends fc.Arbitrary<infer T> ? T : never

/** How connections go after the script. */
const WHOLE_PAGE: Connection = {
  answer: 'page',
  at: 100_000,
  late: 0,
  beforeHead: false,
  end: 'CUT',
  retryAfter: false,
}

const RETRY = 25

/** Block `n` of the feed, from 1. Every third has no data, every fifth is of a type that is filtered out. */
function block(n: number): string {
  if (n % 3 === 0) return `id: ${n}\n\n`
  return `${n % 5 === 0 ? 'event: other\n' : ''}id: ${n}\ndata: ${n}\n\n`
}

interface Reply {
  readonly late: number
  readonly beforeHead: boolean
  readonly status: number
  readonly headers: Readonly<Record<string, string | null>>
  readonly body: string
  readonly end: Connection['end'] | 'END'
  onEnd(): void
}

interface Asked {
  readonly lastEventId: string
  readonly headers: Readonly<Record<string, string>>
}

type Answer = (request: Asked) => Reply | undefined

const told = (onEnd: () => void) => ({ until: async () => onEnd() })

const protocols = {
  http1: (answer: Answer) =>
    createScriptedServer((request) => {
      const reply = answer(request)
      if (reply === undefined) return undefined
      const { status, headers, late, body, beforeHead, end, onEnd } = reply
      const ending = end === 'END' ? [] : [end === 'CUT' ? ('CUT' as const) : ('RST' as const)]
      if (beforeHead && end !== 'END') return { raw: [{ sleep: late }, told(onEnd), ...ending] }
      return { status, headers, body: [{ sleep: late }, body, told(onEnd), ...ending] }
    }),
  http2: (answer: Answer) =>
    createScriptedHttp2Server((request) => {
      const reply = answer(request)
      if (reply === undefined) return undefined
      const { status, headers, late, body, beforeHead, end, onEnd } = reply
      const isReset = end !== 'END' && end !== 'CUT' && end !== 'RST'
      return [
        { sleep: late },
        ...(beforeHead && end !== 'END' ? [] : [{ head: { status, headers } }, body]),
        told(onEnd),
        isReset ? { reset: end } : end,
      ]
    }),
}

/** A feed of `count` blocks at two origins. The second one is reached by redirects only. */
function createFeed(count: number, script: readonly Connection[]) {
  const faults: string[] = []
  let used = 0
  let token = 1
  let retry = 1
  let notBefore = 0

  const reply = (step: Connection, lastEventId: string, elsewhere: string | undefined): Reply => {
    const { answer, at, late, beforeHead, end, retryAfter } = step
    const first = Number(lastEventId) + 1
    const left = Array.from({ length: Math.max(0, count - first + 1) }, (_, k) => block(first + k)).join('')
    const onEnd = (shortest: number) => () => {
      notBefore = performance.now() + shortest
    }
    const none = { status: 200, headers: {}, body: '', late, beforeHead, end: 'END' as const }
    if (answer === 401) {
      token += 1
      return { ...none, status: 401, onEnd: onEnd(1) }
    }
    if (answer === 503) {
      const headers = retryAfter ? { 'retry-after': '1' } : {}
      return { ...none, status: 503, headers, onEnd: onEnd(retryAfter ? 1000 : retry) }
    }
    if (answer === 'redirect' && elsewhere) {
      return { ...none, status: 307, headers: { location: elsewhere, 'content-type': null }, onEnd() {} }
    }
    if (answer === 'empty') return { ...none, onEnd: onEnd(retry) }
    if (answer === 'feed') return { ...none, body: left.slice(0, at), end, onEnd: onEnd(retry) }
    retry = RETRY
    return { ...none, body: `retry: ${RETRY}\n\n${left.slice(0, at)}`, onEnd: onEnd(retry) }
  }
  const next = (lastEventId: string, elsewhere: string | undefined): Reply | undefined => {
    const step = script[used++]
    if (step !== undefined) return reply(step, lastEventId, elsewhere)
    if (Number(lastEventId) >= count) return undefined
    return reply(WHOLE_PAGE, lastEventId, elsewhere)
  }

  return {
    faults,
    get token() {
      return token
    },
    /** A new reader owes nothing to the connections of the one before it. */
    forgetDelay() {
      notBefore = 0
      retry = 1
    },
    home(elsewhere: string): Answer {
      return ({ lastEventId, headers }) => {
        const early = notBefore - performance.now()
        // Timers of Node may be a millisecond early.
        if (early > 1.5) faults.push(`a request came ${early} ms too early`)
        if (headers.authorization === `Bearer hunter2-${token}`) return next(lastEventId, elsewhere)
        const none = { headers: {}, body: '', late: 0, beforeHead: false, end: 'END' as const }
        return { ...none, status: 401, onEnd() {} }
      }
    },
    other: (({ lastEventId, headers }) => {
      if (JSON.stringify(headers).includes('hunter2')) faults.push('the other origin got the secret')
      return next(lastEventId, undefined)
    }) satisfies Answer,
  }
}

it.each(Object.entries(protocols))(
  'over %s, for any script of connections, every event comes once, in order, no sooner than asked, and no secret leaves its origin',
  { timeout: 240_000 },
  async (_, createServer) => {
    const inputs = [fc.nat(30), fc.array(connection, { maxLength: 8 }), fc.nat(20)] as const
    const property = fc.asyncProperty(...inputs, async (count, script, stopAfter) => {
      const feed = createFeed(count, script)
      await using other = await createServer(feed.other)
      await using home = await createServer(feed.home(other.url))
      const dispatcher = new Agent({ allowH2: true, connect: { ca: testCertificate.cert } })
      const data: string[] = []
      const cursor: string[] = []
      let known = feed.token

      const read = (events: number): Promise<EventSourceError | undefined> =>
        new Promise((resolve) => {
          fromEventSource(home.url, {
            transport: undiciTransport({ dispatcher }),
            lastEventId: cursor.at(-1) ?? '',
            events: ['message'],
            cursor: { next: (id) => cursor.push(id) },
            headers: ({ previousError }) => {
              if (previousError?.status === 401) known = feed.token
              return { authorization: `Bearer hunter2-${known}` }
            },
            reconnect: {
              initialDelay: 1,
              minDelay: 1,
              maxDelay: 20,
              jitter: 0,
              decide: (end) => (end.error?.status === 401 ? { retry: 0 } : defaultDecide(end)),
            },
          })
            .pipe(take(events))
            .subscribe({
              next: (event) => data.push(event.data),
              error: resolve,
              complete: () => resolve(undefined),
            })
        })

      try {
        // A reader that stops within an event is not told of it, so the one that resumes gets it again.
        expect(await read(stopAfter + 1)).toBeUndefined()
        const isStopped = data.length > stopAfter
        if (isStopped) {
          data.pop()
          feed.forgetDelay()
          expect(await read(1000)).toBeUndefined()
        }
        const all = Array.from({ length: count }, (__, k) => k + 1)
        expect(data).toEqual(all.filter((n) => n % 3 !== 0 && n % 5 !== 0).map(String))
        expect(cursor).toEqual(all.map(String))
        expect(feed.faults).toEqual([])
      } finally {
        await dispatcher.destroy()
      }
    })
    await fc.assert(property, { numRuns: 40, endOnFailure: true })
  },
)
