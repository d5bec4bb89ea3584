import { type Attempt, createScriptedServer, type Step } from '@rxsse/testing'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { transports } from '../../test/transports.ts'
import { defaultDecide, type EventSourceError, fromEventSource } from '../index.ts'

/** How one connection goes. Numbers of bytes are of what is left of the feed. */
const connection = fc.oneof(
  fc.record({ kind: fc.constant('page' as const), events: fc.nat(6), tail: fc.nat(40) }),
  fc.record({
    kind: fc.constantFrom('CUT' as const, 'RST' as const),
    bytes: fc.nat(300),
    late: fc.constantFrom(0, 0, 30),
  }),
  fc.record({ kind: fc.constant('status' as const), status: fc.constantFrom(401, 503), after: fc.boolean() }),
  fc.record({ kind: fc.constantFrom('empty' as const, 'reset' as const, 'half a head' as const) }),
)

const RETRY = 40
const HEAD = 'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n'

/** Block `n` of the feed, from 1. Every third has no data, every fifth is of a type that is filtered out. */
function block(n: number): string {
  if (n % 3 === 0) return `id: ${n}\n\n`
  return `${n % 5 === 0 ? 'event: other\n' : ''}id: ${n}\ndata: event ${n}\n\n`
}

function delivered(n: number): boolean {
  return n % 3 !== 0 && n % 5 !== 0
}

describe.each(transports)('over %s', (_, transport) => {
  it('for any script of connections, every event comes once, in order, no sooner than asked; the cursor is where to resume', {
    timeout: 240_000,
  }, async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(30), fc.array(connection, { maxLength: 8 }), async (count, script) => {
        /** When the connection before ended, and the shortest time that must pass after it. */
        const ends: { readonly at: number; readonly shortest: number }[] = []
        let asked = false
        let token = 1
        await using server = await createScriptedServer(
          ({ index, lastEventId, headers }): Attempt | undefined => {
            const step = script[index]
            const first = Number(lastEventId) + 1
            const left = Array.from({ length: Math.max(0, count - first + 1) }, (__, k) => block(first + k))
            const end = (shortest: number) => (): Promise<void> => {
              ends[index] = { at: performance.now(), shortest }
              return Promise.resolve()
            }
            if (headers.authorization !== `Bearer ${token}`) {
              end(1)()
              return { status: 401, body: [] }
            }
            const retry = asked ? RETRY : 1
            if (step === undefined) {
              if (left.length === 0) return undefined
              asked = true
              return { status: 200, body: [`retry: ${RETRY}\n\n`, left.join(''), { until: end(RETRY) }] }
            }
            switch (step.kind) {
              case 'page': {
                asked = true
                const [next = ''] = left.slice(step.events)
                const body = `retry: ${RETRY}\n\n${left.slice(0, step.events).join('')}`
                return {
                  status: 200,
                  body: [body + next.slice(0, Math.min(step.tail, next.length - 1)), { until: end(RETRY) }],
                }
              }
              case 'CUT':
              case 'RST': {
                const body: Step[] = [left.join('').slice(0, step.bytes), { until: end(retry) }, step.kind]
                return step.late > 0
                  ? { status: 200, body: [{ sleep: step.late }, ...body] }
                  : { status: 200, body }
              }
              case 'status':
                if (step.status === 401) token += 1
                end(step.status === 503 && step.after ? 1000 : step.status === 401 ? 1 : retry)()
                return {
                  status: step.status,
                  headers: step.status === 503 && step.after ? { 'retry-after': '1' } : {},
                  body: [],
                }
              case 'empty':
                return { status: 200, body: [{ until: end(retry) }] }
              case 'reset':
                return { raw: [{ until: end(retry) }, 'RST'] }
              case 'half a head':
                return { raw: [HEAD.slice(0, 40), { until: end(retry) }, 'CUT'] }
            }
          },
        )

        const data: string[] = []
        const cursor: string[] = []
        let known = 1
        const error = await new Promise<EventSourceError | undefined>((resolve) => {
          fromEventSource(server.url, {
            transport,
            events: ['message'],
            cursor: { next: (id) => cursor.push(id) },
            headers: ({ previousError }) => {
              if (previousError?.status === 401) known = token
              return { authorization: `Bearer ${known}` }
            },
            reconnect: {
              initialDelay: 1,
              minDelay: 1,
              maxDelay: 20,
              jitter: 0,
              decide: (end) => (end.error?.status === 401 ? { retry: 0 } : defaultDecide(end)),
            },
          }).subscribe({
            next(event) {
              // What came before this event has been told, and this event has not.
              expect(Number(cursor.at(-1) ?? 0)).toBeLessThan(Number(event.lastEventId))
              data.push(event.data)
            },
            error: resolve,
            complete: () => resolve(undefined),
          })
        })

        expect(error).toBeUndefined()
        const all = Array.from({ length: count }, (__, k) => k + 1)
        expect(data).toEqual(all.filter(delivered).map((n) => `event ${n}`))
        expect(cursor).toEqual(all.map(String))
        for (const { index, receivedAt } of server.requests.slice(1)) {
          const { at, shortest } = ends[index - 1] as { at: number; shortest: number }
          // Timers of Node may be a millisecond early.
          expect(receivedAt - at).toBeGreaterThanOrEqual(shortest - 1.5)
        }
      }),
      { numRuns: 15, endOnFailure: true },
    )
  })
})
