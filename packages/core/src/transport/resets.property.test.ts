import { createScriptedHttp2Server, createScriptedServer, testCertificate } from '@rxsse/testing'
import fc from 'fast-check'
import { Agent } from 'undici'
import { expect, it } from 'vitest'
import { record } from '../../test/record.ts'
import { undiciTransport } from '../index.ts'

const EVENTS = Array.from(
  { length: 6 },
  (_, i) => `id: ${i + 1}\nevent: t${i % 2}\ndata: ${i + 1}\ndata: é😀\n\n`,
)
const DATA = EVENTS.map((_, i) => `${i + 1}\né😀`)

/** How the next connection ends, after how many bytes of what it owes. */
const cut = fc.record({
  after: fc.nat({ max: 300 }),
  by: fc.constantFrom(
    'NO_ERROR',
    'CANCEL',
    'INTERNAL_ERROR',
    'REFUSED_STREAM',
    'CUT',
    'RST',
    'GOAWAY',
    'END',
  ),
  beforeHead: fc.boolean(),
  informational: fc.constantFrom(undefined, 100, 103),
})
type Cut = typeof cut extends fc.Arbitrary<infer T> ? T : never

const bodyAfter = (lastEventId: string): Buffer => Buffer.from(EVENTS.slice(Number(lastEventId)).join(''))

const protocols = {
  async http1(cuts: readonly Cut[]) {
    return createScriptedServer(({ index, lastEventId }) => {
      const { after, by, informational } = cuts[index] ?? { after: 1000, by: 'HOLD' as const }
      const head = 'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n'
      const body = bodyAfter(lastEventId).subarray(0, after)
      return {
        raw: [
          informational === undefined ? '' : `HTTP/1.1 ${informational} X\r\n\r\n`,
          head,
          ...(body.length > 0 ? [`${body.length.toString(16)}\r\n`, body, '\r\n'] : []),
          ...(by === 'END' ? ['0\r\n\r\n'] : []),
          by === 'HOLD' ? 'HOLD' : by === 'END' || by === 'CUT' ? 'CUT' : 'RST',
        ],
      }
    })
  },
  async http2(cuts: readonly Cut[]) {
    return createScriptedHttp2Server(({ index, lastEventId }) => {
      const { after, by, beforeHead, informational } = cuts[index] ?? { after: 1000, by: 'HOLD' as const }
      const body = bodyAfter(lastEventId).subarray(0, after)
      const end =
        by === 'HOLD' || by === 'CUT' || by === 'RST' || by === 'END'
          ? by
          : by === 'GOAWAY'
            ? { goaway: 'NO_ERROR' as const, lastStream: 0 }
            : { reset: by }
      return [
        ...(informational === undefined ? [] : [{ head: { status: informational } }]),
        ...(beforeHead && by !== 'END' ? [] : [{ head: { status: 200 } }, body]),
        ...(by === 'GOAWAY' ? [{ sleep: 5 }, end, 'HOLD' as const] : [end]),
      ]
    })
  },
}

it.each(Object.entries(protocols))(
  'over %s, every event arrives once and in order, however connections end',
  async (_, createServer) => {
    await fc.assert(
      fc.asyncProperty(fc.array(cut, { maxLength: 6 }), async (cuts) => {
        const server = await createServer(cuts)
        const dispatcher = new Agent({ allowH2: true, connect: { ca: testCertificate.cert } })
        const stream = record(server.url, {
          transport: undiciTransport({ dispatcher }),
          reconnect: { initialDelay: 1, maxDelay: 1, minDelay: 1, jitter: 0 },
        })
        try {
          await stream.received(EVENTS.length)
          expect(stream.data).toEqual(DATA)
        } finally {
          stream.subscription.unsubscribe()
          await dispatcher.destroy()
          await server.close()
        }
      }),
      { numRuns: 60 },
    )
  },
)

it.each(Object.entries(protocols))(
  'over %s, a single response completes if, and only if, the server ended it',
  async (_, createServer) => {
    await fc.assert(
      fc.asyncProperty(cut, async (one) => {
        // undici sends a request again if the server refused it.
        const server = await createServer(Array(5).fill(one))
        const dispatcher = new Agent({ allowH2: true, connect: { ca: testCertificate.cert } })
        const stream = record(server.url, {
          transport: undiciTransport({ dispatcher }),
          method: 'POST',
          body: 'x',
          reconnect: false,
        })
        try {
          const error = await stream.over()
          if (one.by === 'END') expect(error === undefined || error.code === 'incomplete').toBe(true)
          else expect(error).toMatchObject({ code: 'network' })
          expect(DATA.slice(0, stream.data.length)).toEqual(stream.data)
        } finally {
          await dispatcher.destroy()
          await server.close()
        }
      }),
      { numRuns: 60 },
    )
  },
)
