import { randomBytes } from 'node:crypto'
import {
  brotliCompressSync,
  constants,
  deflateRawSync,
  deflateSync,
  gzipSync,
  zstdCompressSync,
} from 'node:zlib'
import { createScriptedServer, type Step } from '@rxsse/testing'
import { describe, expect, it } from 'vitest'
import { record } from '../../test/record.ts'
import { iterateEventSource } from '../index.ts'
import { decodeContent } from './content-coding.ts'
import type { TransportHandler } from './transport.ts'

const soon = { initialDelay: 1, minDelay: 1, jitter: 0 } as const

const coded = {
  gzip: (text: string): Step => ({ gzip: text }),
  br: (text: string): Step => ({ br: text }),
  zstd: (text: string): Step => ({ zstd: text }),
}

describe.each(['gzip', 'br', 'zstd'] as const)('a body in %s', (coding) => {
  const step = coded[coding]
  const headers = { 'content-encoding': coding }

  it('is read event by event, as they come', async () => {
    let go: () => void = () => {}
    const later = new Promise<void>((resolve) => {
      go = resolve
    })
    await using server = await createScriptedServer([
      { status: 200, headers, body: [step('data: a\n\n'), { until: later }, step('data: b\n\n'), 'HOLD'] },
    ])
    const stream = record(server.url)
    await stream.received(1)
    go()
    await stream.received(2)
    expect(stream.data).toEqual(['a', 'b'])
    stream.subscription.unsubscribe()
    expect(await server.closed(0)).toBe('client')
  })

  it('ends properly', async () => {
    await using server = await createScriptedServer([
      { status: 200, headers, body: [step('data: a\n\n'), 'END'] },
    ])
    const stream = record(server.url, { reconnect: false })
    expect(await stream.over()).toBeUndefined()
    expect(stream.data).toEqual(['a'])
  })

  it('that is cut delivers what arrived, and resumes after it', async () => {
    const many = Array.from({ length: 2000 }, (_, n) => `id: ${n}\ndata: ${n}\n\n`)
    await using server = await createScriptedServer([
      { status: 200, headers, body: [step(many.join('')), { sleep: 50 }, 'RST'] },
      { status: 200, body: ['data: on\n\n', 'HOLD'] },
    ])
    const stream = record(server.url, { reconnect: soon })
    await stream.received(2001)
    expect(server.requests[1]?.lastEventId).toBe('1999')
    expect((await stream.state('waiting')).reason).toMatchObject({ code: 'network' })
    stream.subscription.unsubscribe()
  })

  it('of a rejected response is reported as plain text', async () => {
    await using server = await createScriptedServer([
      { status: 403, headers, body: [step('not you'), 'END'] },
    ])
    expect(await record(server.url).over()).toMatchObject({ status: 403, body: 'not you' })
  })
})

describe('a body', () => {
  it('in two codings is read through both', async () => {
    const bytes = brotliCompressSync(gzipSync('data: a\n\n'))
    await using server = await createScriptedServer([
      { status: 200, headers: { 'content-encoding': 'gzip, br' }, body: [bytes, 'END'] },
    ])
    const stream = record(server.url, { reconnect: false })
    expect(await stream.over()).toBeUndefined()
    expect(stream.data).toEqual(['a'])
  })

  it('that is not gzip is a network error', async () => {
    await using server = await createScriptedServer([
      { status: 200, headers: { 'content-encoding': 'gzip' }, body: ['data: a\n\n', 'HOLD'] },
      { status: 200, body: ['HOLD'] },
    ])
    const stream = record(server.url, { reconnect: soon })
    expect((await stream.state('waiting')).reason).toMatchObject({
      code: 'network',
      message: 'the connection failed: incorrect header check',
    })
    expect(await server.closed(0)).toBe('client')
    stream.subscription.unsubscribe()
  })

  it('whose gzip stops short of its end is a network error, though the response ended', async () => {
    const bytes = gzipSync('data: a\n\ndata: b\n\n')
    await using server = await createScriptedServer([
      { status: 200, headers: { 'content-encoding': 'gzip' }, body: [bytes.subarray(0, -8), 'END'] },
    ])
    const error = await record(server.url, { reconnect: false }).over()
    expect(error).toMatchObject({ code: 'network', message: 'the connection failed: unexpected end of file' })
  })

  it.each(['none', 'utf-8', 'gzip, none'])(
    'in a coding that nobody knows, %s, is read as it is',
    async (coding) => {
      await using server = await createScriptedServer([
        { status: 200, headers: { 'content-encoding': coding }, body: ['data: a\n\n'] },
      ])
      const stream = record(server.url, { reconnect: false })
      expect(await stream.over()).toBeUndefined()
      expect(stream.data).toEqual(['a'])
    },
  )

  it('in x-gzip, as gzip was called once, is read', async () => {
    await using server = await createScriptedServer([
      { status: 200, headers: { 'content-encoding': 'x-gzip' }, body: [gzipSync('data: a\n\n'), 'END'] },
    ])
    const stream = record(server.url, { reconnect: false })
    expect(await stream.over()).toBeUndefined()
    expect(stream.data).toEqual(['a'])
  })

  it('that comes faster than it is decompressed is read to its end, through a gate that shuts again and again', async () => {
    // Random, so that it is as long compressed as it was.
    const blocks = Array.from(
      { length: 2000 },
      () =>
        `data: ${randomBytes(1000)
          .toString('latin1')
          .replace(/[\r\n]/g, '')}\n\n`,
    )
    const bytes = gzipSync(blocks.join(''))
    await using server = await createScriptedServer(() => ({
      status: 200,
      headers: { 'content-encoding': 'gzip' },
      body: [bytes, 'END'],
    }))
    let count = 0
    for await (const { data } of iterateEventSource(server.url, {
      buffer: { high: 10, low: 2 },
      reconnect: false,
    }))
      expect(`data: ${data}\n\n`).toBe(blocks[count++])
    expect(count).toBe(blocks.length)
    const all = record(server.url, { reconnect: false })
    expect(await all.over()).toBeUndefined()
    expect(all.data).toHaveLength(blocks.length)
  })

  it('that is held back while a piece of it is decompressed asks for no more until it is let go', async () => {
    const did: string[] = []
    let handler: TransportHandler | undefined
    const transport = decodeContent({
      open(_, from) {
        handler = from
        return { pause: () => did.push('pause'), resume: () => did.push('resume'), abort() {} }
      },
    })
    const request = { url: new URL('http://a/'), method: 'GET', redirect: 'follow', body: undefined } as const
    let read = 0
    const exchange = transport.open(
      { ...request, headers: {}, crossOriginHeaders: {} },
      {
        onResponse() {},
        onData(bytes) {
          if (read === 0) exchange.pause()
          read += bytes.length
        },
        onEnd() {},
        onError() {},
      },
    )
    // More than a stream takes at a time, and what is left of it when the first of it is out is less.
    const text = 'x'.repeat(80_000)
    handler?.onResponse({ status: 200, headers: { 'content-encoding': 'gzip' }, url: 'http://a/' })
    handler?.onData(gzipSync(text, { level: 0 }))
    await expect.poll(() => read).toBeGreaterThan(0)
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(did).toEqual(['pause', 'pause'])
    exchange.resume()
    // On a busy machine, the rest of the piece may still be under way.
    await expect.poll(() => did).toEqual(['pause', 'pause', 'resume'])
    await expect.poll(() => read).toBe(text.length)
  })

  it.each([
    ['with', deflateSync],
    ['without', deflateRawSync],
  ])('in deflate %s the header of zlib is read, although it was not requested', async (_, compress) => {
    const body = [compress('data: a\n\n')] as const
    await using server = await createScriptedServer([
      { status: 200, headers: { 'content-encoding': 'deflate' }, body },
    ])
    const stream = record(server.url, { reconnect: false })
    expect(await stream.over()).toBeUndefined()
    expect(stream.data).toEqual(['a'])
  })

  it('that is empty needs no decoding', async () => {
    await using server = await createScriptedServer([
      { status: 204, framing: 'none', headers: { 'content-encoding': 'gzip' }, body: [] },
    ])
    expect(await record(server.url).over()).toBeUndefined()
  })
})

describe('a chain of content codings', () => {
  /** Compresses as often as told, the outermost last. */
  const wrap = (body: string, times: number): Buffer => {
    let bytes = Buffer.from(body)
    for (let i = 0; i < times; i++) bytes = gzipSync(bytes)
    return bytes
  }
  const respond = (times: number) => ({
    status: 200,
    headers: { 'content-encoding': Array(times).fill('gzip').join(',') },
    body: [wrap('data: a\n\n', Math.min(times, 10)), times > 5 ? 'HOLD' : 'END'] as const,
  })

  it('of five is decoded', async () => {
    await using server = await createScriptedServer([respond(5)])
    const stream = record(server.url, { reconnect: false })
    expect(await stream.over()).toBeUndefined()
    expect(stream.data).toEqual(['a'])
  })

  it.each([6, 2300])('of %i is an error that says so, and takes no memory', async (times) => {
    await using server = await createScriptedServer([respond(times)])
    const before = process.memoryUsage().rss
    const stream = record(server.url, { reconnect: false })
    const error = await stream.over()
    expect(error).toMatchObject({ code: 'network' })
    expect(error?.message).toBe(`the connection failed: the body has ${times} content codings, more than 5`)
    expect(process.memoryUsage().rss - before).toBeLessThan(30 * 2 ** 20)
    expect(await server.closed(0)).toBe('client')
  })
})

it('a body in zstd with a window of more than 8 MiB is an error', async () => {
  const params = { [constants.ZSTD_c_windowLog]: 27, [constants.ZSTD_c_enableLongDistanceMatching]: 1 }
  const body = [zstdCompressSync(`data: a\n\n:${'x'.repeat(2 ** 24)}\n\n`, { params })]
  await using server = await createScriptedServer([
    { status: 200, headers: { 'content-encoding': 'zstd' }, framing: 'length', body },
  ])
  expect(await record(server.url, { reconnect: false }).over()).toMatchObject({ code: 'network' })
})
