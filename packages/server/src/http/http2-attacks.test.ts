import { once } from 'node:events'
import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants, createServer } from 'node:http2'
import type { AddressInfo } from 'node:net'
import type { SseMessage } from '@rxsse/shared'
import { interval, map } from 'rxjs'
import { describe, expect, it, onTestFinished } from 'vitest'
import { CountingScheduler, expectIdle } from '../../test/idle.ts'
import { memoryLog } from '../log/memory-log.ts'
import { createSink } from '../sink/sink.ts'
import { streamTo } from '../stream-to/stream-to.ts'
import type { StreamEndpoint, StreamEndpointOptions } from './stream-endpoint.ts'

const ENDPOINTS: Readonly<Record<string, (options: StreamEndpointOptions) => StreamEndpoint>> = {
  'a sink': (options) => {
    const sink = createSink({ ...options, log: memoryLog(), newcomers: 'earliest' })
    for (let n = 0; n < 300; n++) sink.next({ data: 'x'.repeat(2_000) })
    return sink
  },
  'a sink whose access takes a while': (options) =>
    createSink({
      ...options,
      access: () => new Promise((done) => setTimeout(() => done({ allow: true }), 3)),
    }),
  'a streamTo': (options) =>
    streamTo<SseMessage>(() => interval(1).pipe(map((data) => ({ data }))), {
      ...options,
      methods: ['GET', 'POST'],
    }),
}

async function listen({ handler }: StreamEndpoint): Promise<string> {
  const server = createServer(handler).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

function openSession(url: string, initialWindowSize = 65_535): ClientHttp2Session {
  const session = connect(url, { settings: { initialWindowSize } })
  onTestFinished(() => session.destroy())
  session.on('error', () => {})
  return session
}

function ask(session: ClientHttp2Session, method = 'GET'): ClientHttp2Stream {
  const stream = session.request({ ':path': '/', ':method': method }, { endStream: method === 'GET' })
  stream.on('error', () => {})
  return stream
}

describe.each(Object.entries(ENDPOINTS))('over HTTP/2, %s keeps nothing of', (_name, create) => {
  it('streams that are reset as soon as they are opened, or a little later', async () => {
    const scheduler = new CountingScheduler()
    const endpoint = create({ scheduler, limits: { connections: 50 } })
    const session = openSession(await listen(endpoint))
    for (let round = 0; round < 20; round++) {
      const streams = Array.from({ length: 25 }, () => ask(session))
      if (round % 2 > 0) await new Promise((resolve) => setTimeout(resolve, round % 5))
      for (const stream of streams) stream.close(constants.NGHTTP2_CANCEL)
    }
    await expectIdle(endpoint, { scheduler })
    // The same connection is still served.
    const next = ask(session)
    const [headers] = await once(next, 'response')
    expect(headers[':status']).toBe(200)
    session.destroy()
    await expectIdle(endpoint, { scheduler })
    await endpoint.close()
  })

  it('a client that opens no window, and whose connection is lost', async () => {
    const scheduler = new CountingScheduler()
    const endpoint = create({ scheduler })
    const session = openSession(await listen(endpoint), 0)
    const streams = Array.from({ length: 20 }, () => ask(session))
    await Promise.all(streams.map((stream) => once(stream, 'response')))
    expect(endpoint.stats().connections).toBe(20)
    session.destroy()
    await expectIdle(endpoint, { scheduler })
    await endpoint.close()
  })

  it('a body that never ends', async () => {
    const scheduler = new CountingScheduler()
    const endpoint = create({ scheduler })
    const session = openSession(await listen(endpoint))
    const stream = ask(session, 'POST')
    stream.write('x'.repeat(200_000))
    await once(stream, 'response')
    session.destroy()
    await expectIdle(endpoint, { scheduler })
    await endpoint.close()
  })
})
