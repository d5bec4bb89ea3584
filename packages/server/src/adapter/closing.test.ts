import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createAdaptorServer } from '@hono/node-server'
import fastify from 'fastify'
import { NEVER, Subject } from 'rxjs'
import { describe, expect, it, onTestFinished } from 'vitest'
import { expectIdle } from '../../test/idle.ts'
import { connectRaw } from '../../test/raw-request.ts'
import { openReader } from '../../test/reader.ts'
import type { StreamEndpoint } from '../http/stream-endpoint.ts'
import { memoryLog } from '../log/memory-log.ts'
import { createSink } from '../sink/sink.ts'
import { streamTo } from '../stream-to/stream-to.ts'
import { serveSinks } from './serve-sinks.ts'

async function listenFastify(endpoint: StreamEndpoint): Promise<{ url: string; close(): Promise<unknown> }> {
  const app = fastify()
  onTestFinished(() => endpoint.close())
  await app.register(endpoint.fastify, { path: '/live' })
  const origin = await app.listen({ port: 0, host: '127.0.0.1' })
  return { url: `${origin}/live`, close: () => app.close() }
}

describe('closing a Fastify instance', () => {
  it('ends the streams of a sink', async () => {
    const sink = createSink()
    const { url, close } = await listenFastify(sink)
    const reader = await openReader(url)
    await sink.publish({ data: 1 })
    await close()
    expect(await reader.ended).toBe('end')
    expect(reader.events()).toMatchObject([{ data: '1' }])
    await expectIdle(sink)
  })

  it('cuts the answers of a streamTo', async () => {
    const source = new Subject<{ data: unknown }>()
    const endpoint = streamTo(() => source)
    const { url, close } = await listenFastify(endpoint)
    const reader = await openReader(url)
    await expect.poll(() => source.observed).toBe(true)
    source.next({ data: 'half' })
    await reader.take(1)
    await close()
    expect(await reader.ended).toBe('cut')
    await expect.poll(() => source.observed).toBe(false)
    await expectIdle(endpoint)
  })

  it('answers a request that waits 503', async () => {
    const endpoint = streamTo(() => NEVER, { head: 'first-event', methods: ['POST'] })
    const { url, close } = await listenFastify(endpoint)
    const reading = openReader(url, { method: 'POST' })
    await expect.poll(() => endpoint.stats().pending).toBe(1)
    await close()
    expect((await reading).status).toBe(503)
    await expectIdle(endpoint)
  })
})

describe('closing a server of Fetch handlers', () => {
  it('after its sink waits until its clients have the last bytes', async () => {
    const sink = createSink({ slowClient: { maxBytes: 100_000_000 } })
    const server = createAdaptorServer({ fetch: sink.fetch }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const reader = await openReader(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
    for (let n = 0; n < 100; n++) await sink.publish({ data: 'x'.repeat(100_000) })
    await sink.close({ drain: '20s' })
    await new Promise((resolve) => server.close(resolve))
    expect(await reader.ended).toBe('end')
    expect(reader.events()).toHaveLength(100)
  })
})

describe('closing a server of sinks', () => {
  it('closes the server and every sink, also if the log of one cannot be closed', async () => {
    const broken = new Error('broken')
    const sinks = {
      broken: createSink({ log: { ...memoryLog(), close: () => Promise.reject(broken) } }),
      sound: createSink(),
    }
    const { server, url, close } = await serveSinks({ port: 0, sinks })
    const reader = await openReader(`${url}/sound`)
    await expect(close()).rejects.toBe(broken)
    expect(server.listening).toBe(false)
    expect(await reader.ended).toBe('end')
  })

  it('does not wait for a client that has sent half a request', async () => {
    const sink = createSink()
    const { port, close } = await serveSinks({ port: 0, sinks: { live: sink } })
    const socket = connectRaw(`http://127.0.0.1:${port}`, 'GET /sse/live HTTP/1.1\r\nHo')
    await expect.poll(() => socket.readyState).toBe('open')
    const start = performance.now()
    await close()
    expect(performance.now() - start).toBeLessThan(5_000)
  })
})
