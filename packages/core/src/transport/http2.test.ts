import {
  createScriptedHttp2Server,
  createScriptedServer,
  type Http2Script,
  testCertificate,
} from '@rxsse/testing'
import { Agent } from 'undici'
import { describe, expect, it, onTestFinished } from 'vitest'
import { record } from '../../test/record.ts'
import { createFlowGate, type EventSourceOptions, undiciTransport } from '../index.ts'

const soon = { initialDelay: 1, minDelay: 1, jitter: 0 } as const
const OK = { head: { status: 200 } } as const

async function start(script: Http2Script) {
  const server = await createScriptedHttp2Server(script)
  onTestFinished(() => server.close())
  return server
}

/** Options whose dispatcher negotiates HTTP/2. */
function overHttp2(options: EventSourceOptions = {}): EventSourceOptions {
  const dispatcher = new Agent({ allowH2: true, connect: { ca: testCertificate.cert } })
  onTestFinished(() => dispatcher.destroy())
  return { transport: undiciTransport({ dispatcher }), reconnect: soon, ...options }
}

it('HTTP/2 is not offered by default', async () => {
  const server = await start([])
  const trusted = process.env.NODE_TLS_REJECT_UNAUTHORIZED
  process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0'
  onTestFinished(() => {
    if (trusted === undefined) delete process.env.NODE_TLS_REJECT_UNAUTHORIZED
    else process.env.NODE_TLS_REJECT_UNAUTHORIZED = trusted
  })
  expect(await record(server.url, { reconnect: false }).over()).toMatchObject({ status: 505 })
  expect(server.offered.flat()).not.toContain('h2')
})

const CODES = ['NO_ERROR', 'CANCEL', 'INTERNAL_ERROR', 'REFUSED_STREAM'] as const
const BODY = 'id: 1\ndata: a\n\ndata: b\n\n'

describe.each(CODES)('a stream that is reset with %s', (reset) => {
  it.each([
    ['before the head', []],
    ['after the head', [OK]],
    ['within an event', [OK, BODY.slice(0, 9)]],
    ['between events', [OK, BODY.slice(0, 15)]],
    ['after the last event', [OK, BODY]],
    [
      'after a declared length is not reached',
      [{ head: { status: 200, headers: { 'content-length': '99' } } }, BODY],
    ],
  ])('%s is an error of a single response', async (_, steps) => {
    const server = await start(() => [...steps, { reset }])
    const options = overHttp2({ method: 'POST', body: 'x', reconnect: false })
    const stream = record(server.url, options)
    expect(await stream.over()).toMatchObject({ code: 'network' })
    expect(stream.completed).toBe(false)
    expect(stream.data).toEqual(
      steps.includes(BODY) ? ['a', 'b'] : steps.includes(BODY.slice(0, 15)) ? ['a'] : [],
    )
  })

  it('at any byte loses and repeats nothing of a stream that resumes', async () => {
    const events = Array.from({ length: 4 }, (_, i) => `id: ${i + 1}\ndata: ${i + 1}\n\n`)
    let cut = 0
    const server = await start(({ lastEventId }) => {
      const left = events.slice(Number(lastEventId)).join('')
      cut += 5
      return cut < left.length + 30 ? [OK, left.slice(0, cut), { reset }] : [OK, left, 'HOLD']
    })
    const stream = record(server.url, overHttp2({ reconnect: { ...soon, maxDelay: 2 } }))
    await stream.received(4)
    expect(stream.data).toEqual(['1', '2', '3', '4'])
    stream.subscription.unsubscribe()
  })
})

it('a second request goes over the same connection after a reset', async () => {
  const server = await start([
    [OK, 'id: 1\ndata: a\n\n', { reset: 'CANCEL' }],
    [OK, 'id: 2\ndata: b\n\n', 'END'],
  ])
  const stream = record(server.url, overHttp2())
  expect(await stream.over()).toBeUndefined()
  expect(stream.data).toEqual(['a', 'b'])
  expect(server.requests).toMatchObject([
    { connection: 0 },
    { connection: 0, lastEventId: '1' },
    { connection: 0 },
  ])
  expect((await stream.state('waiting', 1)).reason).toMatchObject({ code: 'network' })
  expect((await stream.state('waiting', 2)).reason).toBe('end')
})

it.each([
  ['END_STREAM on an empty frame', [OK, BODY, 'END']],
  ['trailers', [OK, BODY, { frame: { type: 1, flags: 5, payload: Buffer.from('\0\x03x-y\x01z') } }]],
  ['a complete answer before RST_STREAM with NO_ERROR', [OK, BODY, 'END', { reset: 'NO_ERROR' }]],
] as const)('a single response completes on %s', async (_, steps) => {
  const server = await start(() => steps)
  const stream = record(server.url, overHttp2({ method: 'POST', body: 'x', reconnect: false }))
  expect(await stream.over()).toBeUndefined()
  expect(stream.data).toEqual(['a', 'b'])
})

it.each([
  ['END', undefined],
  [{ reset: 'NO_ERROR' }, 'network'],
] as const)('an end by %o while the gate is shut is told apart when the gate opens', async (end, code) => {
  const large = `data: ${'x'.repeat(100_000)}\n\n`
  const server = await start([[OK, large, end]])
  const gate = createFlowGate({ high: 1 })
  gate.acquire()
  const stream = record(server.url, overHttp2({ reconnect: false, gate }))
  await server.ended(0)
  await new Promise((resolve) => setTimeout(resolve, 50))
  expect(stream.statuses).toEqual(['connecting', 'open'])
  gate.release()
  expect((await stream.over())?.code).toBe(code)
})

describe('GOAWAY', () => {
  it('with NO_ERROR lets the stream end properly', async () => {
    const server = await start([
      [OK, 'data: a\n\n', { goaway: 'NO_ERROR' }, { sleep: 20 }, 'data: b\n\n', 'END'],
    ])
    const stream = record(server.url, overHttp2({ reconnect: false }))
    expect(await stream.over()).toBeUndefined()
    expect(stream.data).toEqual(['a', 'b'])
  })

  it('with an error is a network error', async () => {
    const server = await start([[OK, 'data: a\n\n', { sleep: 20 }, { goaway: 'INTERNAL_ERROR' }, 'HOLD']])
    const stream = record(server.url, overHttp2({ reconnect: false }))
    expect(await stream.over()).toMatchObject({ code: 'network' })
    expect(stream.data).toEqual(['a'])
  })

  it('that does not include the stream is a network error', async () => {
    const server = await start([
      [OK, 'data: a\n\n', { sleep: 20 }, { goaway: 'NO_ERROR', lastStream: 0 }, 'HOLD'],
    ])
    const stream = record(server.url, overHttp2({ reconnect: false }))
    expect(await stream.over()).toMatchObject({ code: 'network' })
    expect(stream.data).toEqual(['a'])
  })
})

it.each(['CUT', 'RST'] as const)('the loss of the connection by %s is a network error', async (loss) => {
  const server = await start([
    [OK, 'id: 1\ndata: a\n\n', { sleep: 20 }, loss],
    [OK, 'data: b\n\n', 'HOLD'],
  ])
  const stream = record(server.url, overHttp2())
  await stream.received(2)
  expect((await stream.state('waiting')).reason).toMatchObject({ code: 'network' })
  expect(server.requests).toMatchObject([{ connection: 0 }, { connection: 1, lastEventId: '1' }])
  stream.subscription.unsubscribe()
})

describe('informational responses', () => {
  it('are ignored on HTTP/2', async () => {
    const server = await start([
      [...[100, 102, 103].map((status) => ({ head: { status } })), OK, 'data: a\n\n', 'END'],
    ])
    const stream = record(server.url, overHttp2({ reconnect: false }))
    expect(await stream.over()).toBeUndefined()
    expect(stream.data).toEqual(['a'])
    expect(stream.statuses.filter((status) => status === 'open')).toHaveLength(1)
  })

  const head = 'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n'
  it.each([
    ['100', ['HTTP/1.1 100 Continue\r\n\r\n']],
    ['100, 102, 103 and 100', [100, 102, 103, 100].map((status) => `HTTP/1.1 ${status} X\r\nX-Y: z\r\n\r\n`)],
    [
      '100 in pieces',
      Array.from('HTTP/1.1 100 Continue\r\nX-Y: z\r\n\r\n').flatMap((byte) => [byte, { sleep: 1 }]),
    ],
    ['100 on HTTP/1.0 without a reason', ['HTTP/1.0 100\r\n\r\n']],
  ])('%s are ignored on HTTP/1.1', async (_, early) => {
    for (const dispatcher of [undefined, new Agent()]) {
      const server = await createScriptedServer(() => ({ raw: [...early, `${head}data: a\n\n`] }))
      onTestFinished(() => server.close())
      const transport = undiciTransport(dispatcher && { dispatcher })
      const stream = record(server.url, { reconnect: false, transport })
      expect(await stream.over()).toBeUndefined()
      expect(stream.data).toEqual(['a'])
      await dispatcher?.close()
    }
  })
})

it('a shut gate stops the server on HTTP/2', async () => {
  const chunk = `data: ${'x'.repeat(1000)}\n\n`
  const server = await start(() =>
    (function* () {
      yield OK
      for (;;) yield chunk
    })(),
  )
  const gate = createFlowGate({ high: 1 })
  gate.acquire()
  const stream = record(server.url, overHttp2({ gate }))
  await stream.state('open')
  const sent = () => server.requests[0]?.bytesSent ?? 0
  let before = -1
  while (sent() !== before) {
    before = sent()
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  expect(before).toBeLessThan(1_000_000)
  gate.release()
  await stream.received(2000)
  expect(sent()).toBeGreaterThan(before)
  stream.subscription.unsubscribe()
  expect(await server.ended(0)).toMatchObject({ isOver: true })
})

it.each(['chunked', 'length', 'close'] as const)(
  'a %s body whose connection is reset is never a proper end',
  async (framing) => {
    for (const dispatcher of [undefined, new Agent()]) {
      const server = await createScriptedServer(() => ({
        status: 200,
        framing,
        body: ['data: a\n\n', { sleep: 20 }, 'RST'],
      }))
      onTestFinished(() => server.close())
      const transport = undiciTransport(dispatcher && { dispatcher })
      const stream = record(server.url, { method: 'POST', body: 'x', reconnect: false, transport })
      expect(await stream.over()).toMatchObject({ code: 'network' })
      expect(stream.data).toEqual(['a'])
      await dispatcher?.close()
    }
  },
)

describe('unsubscribing on HTTP/2', () => {
  it.each([
    ['before the head', [{ sleep: 10 }, 'HOLD']],
    ['while it reads', [OK, 'data: a\n\n', 'HOLD']],
    ['while the gate is shut', [OK, 'data: a\n\n', 'HOLD']],
  ] as const)('%s resets the stream at once and keeps the connection', async (when, steps) => {
    const server = await start(({ index }) => (index === 0 ? steps : [OK, 'data: b\n\n', 'END']))
    const gate = createFlowGate({ high: 1 })
    if (when === 'while the gate is shut') gate.acquire()
    const options = overHttp2({ gate, reconnect: false })
    const stream = record(server.url, options)
    await server.request(0)
    if (steps[0] === OK) await stream.state('open')
    stream.subscription.unsubscribe()
    const { resetByClient } = await server.ended(0)
    expect(resetByClient).toBeDefined()
    gate.release()
    expect(await record(server.url, options).over()).toBeUndefined()
    expect(server.requests[1]).toMatchObject({ connection: 0 })
  })
})
