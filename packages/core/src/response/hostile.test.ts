import { createScriptedServer, type ResponseAttempt, type Step } from '@rxsse/testing'
import { VirtualClock } from '@rxsse/testing/virtual-time'
import { describe, expect, it } from 'vitest'
import { record } from '../../test/record.ts'

const soon = { initialDelay: 1, minDelay: 1, jitter: 0 } as const

function* endless(step: Step): Generator<Step> {
  for (;;) yield step
}

describe('a server that sets the reconnection time', () => {
  for (const [retry, first] of [
    ['99999999999', 3_600_000],
    ['0', 50],
    ['2147483648', 3_600_000],
  ] as const) {
    it(`by retry: ${retry} is asked again after ${first} ms`, async () => {
      await using server = await createScriptedServer(() => ({ status: 200, body: [`retry: ${retry}\n\n`] }))
      const clock = new VirtualClock()
      const stream = record(server.url, { scheduler: clock, reconnect: { jitter: 0 } })
      const delays: number[] = []
      for (let nth = 1; nth <= 4; nth++) {
        const { delay } = await stream.state('waiting', nth)
        delays.push(delay)
        clock.advanceBy(delay)
      }
      expect(delays[0]).toBe(first)
      expect(delays.every((delay, nth) => delay >= (delays[nth - 1] ?? 0))).toBe(true)
      if (retry === '0') expect(delays).toEqual([50, 100, 200, 400])
      stream.subscription.unsubscribe()
    })
  }
})

describe('a body that never ends', () => {
  const chunk = 'x'.repeat(65_536)
  const limit = 2 ** 20
  for (const [name, body] of [
    [
      'a line of data',
      (function* () {
        yield 'data: '
        yield* endless(chunk)
      })(),
    ],
    ['a line of no field', endless(chunk)],
    [
      'the name of an event',
      (function* () {
        yield 'event: '
        yield* endless(chunk)
      })(),
    ],
    [
      'a comment',
      (function* () {
        yield ':'
        yield* endless(chunk)
      })(),
    ],
    ['short lines of data', endless('data: x\n'.repeat(8192))],
    ['empty lines of data', endless('data\n'.repeat(8192))],
    ['lines of other fields', endless('id: 1\nevent: a\nfoo: bar\n'.repeat(8192))],
    [
      'compressed data',
      (function* () {
        for (;;) yield { gzip: `data: ${'a'.repeat(2 ** 24)}` }
      })(),
    ],
  ] as const satisfies readonly (readonly [string, Iterable<Step>])[]) {
    it(`${name}: an error at the limit`, async () => {
      const headers: ResponseAttempt['headers'] =
        name === 'compressed data' ? { 'content-encoding': 'gzip' } : {}
      await using server = await createScriptedServer([{ status: 200, headers, body }])
      const stream = record(server.url, { maxEventSize: limit })
      expect(await stream.over()).toMatchObject({
        code: 'event-too-large',
        message: 'an event took more than maxEventSize, 1048576 bytes',
      })
      expect(await server.closed(0)).toBe('client')
      // The limit, and what the kernel and the reading in progress hold beside it.
      expect(server.requests[0]?.bytesSent).toBeLessThan(100 * limit)
    })
  }

  it('comments and empty blocks: no error, for as long as they come', async () => {
    const heartbeat = `${': ping\n'.repeat(50)}\n\n\r\n\r`
    await using server = await createScriptedServer([
      {
        status: 200,
        body: (function* (): Generator<Step> {
          for (let i = 0; i < 200; i++) yield heartbeat
          yield 'data: a\n\n'
          yield 'HOLD'
        })(),
      },
    ])
    const stream = record(server.url, { maxEventSize: 100 })
    await stream.received(1)
    expect(stream.comments).toHaveLength(10_000)
    stream.subscription.unsubscribe()
  })

  it('a response of another content type is closed after its first KiB', async () => {
    await using server = await createScriptedServer([
      { status: 200, headers: { 'content-type': 'video/mp4' }, body: endless(chunk) },
    ])
    const error = await record(server.url).over()
    expect(error).toMatchObject({ code: 'content-type', body: 'x'.repeat(1024) })
    expect(await server.closed(0)).toBe('client')
  })
})

describe('a head', () => {
  it('that never ends is a network error', async () => {
    await using server = await createScriptedServer([
      {
        raw: (function* (): Generator<Step> {
          yield 'HTTP/1.1 200 OK\r\n'
          for (let i = 0; ; i++) yield `x-${i}: ${'y'.repeat(500)}\r\n`
        })(),
      },
      { status: 200, body: ['HOLD'] },
    ])
    const stream = record(server.url, { reconnect: soon })
    expect((await stream.state('waiting')).reason).toMatchObject({ code: 'network' })
    expect(server.requests[0]?.bytesSent).toBeLessThan(10_000_000)
    await stream.state('open')
    stream.subscription.unsubscribe()
  })

  it('after informational heads is the one that counts', async () => {
    await using server = await createScriptedServer([
      {
        raw: [
          'HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n',
          'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\ndata: a\n\n',
          'HOLD',
        ],
      },
    ])
    const stream = record(server.url)
    await stream.received(1)
    expect(stream.statuses).toEqual(['connecting', 'open'])
    stream.subscription.unsubscribe()
  })
})

describe('chunks of one byte', () => {
  it('make the same events', async () => {
    const body = Buffer.from('\ufeffid: 1\r\nevent: é\r\ndata: a\r\ndata: 😀\r\n\r\n: c\n\ndata: b\r\r')
    await using server = await createScriptedServer([
      { status: 200, body: [...Array.from(body, (_, at) => body.subarray(at, at + 1)), 'HOLD'] },
    ])
    const stream = record(server.url)
    await stream.received(2)
    expect(stream.events).toEqual([
      { type: 'é', data: 'a\n😀', lastEventId: '1' },
      { type: 'message', data: 'b', lastEventId: '1' },
    ])
    expect(stream.comments).toEqual(['c'])
    stream.subscription.unsubscribe()
  })
})

describe('an id', () => {
  for (const [name, id, sent] of [
    ['with spaces', ' a  b', 'a  b'],
    ['with a tab', 'a\tb', 'a\tb'],
    ['beyond Latin-1', '日本😀', '日本😀'],
    ['of Latin-1', 'é', 'é'],
    ['with a control character', 'a\u0001b', ''],
    ['with DEL', 'a\u007fb', ''],
    ['that looks like a header', 'a: b', 'a: b'],
  ] as const) {
    it(`${name} is ${sent === '' ? 'not sent, and the stream continues' : 'sent as its UTF-8 bytes'}`, async () => {
      await using server = await createScriptedServer([
        { status: 200, body: [`id: ${id}\ndata: a\n\n`] },
        { status: 200, body: ['data: b\n\n', 'HOLD'] },
      ])
      const stream = record(server.url, { reconnect: soon })
      await stream.received(2)
      expect(stream.events.map(({ lastEventId }) => lastEventId)).toEqual([id, id])
      expect(server.requests[1]?.lastEventId).toBe(sent)
      expect('last-event-id' in (server.requests[1]?.headers ?? {})).toBe(sent !== '')
      expect(await stream.state('connecting', 2)).toMatchObject({ lastEventId: sent === '' ? '' : id })
      stream.subscription.unsubscribe()
    })
  }
})
