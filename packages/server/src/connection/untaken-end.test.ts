import { once } from 'node:events'
import { connect, createServer } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { setImmediate as endOfTick } from 'node:timers/promises'
import type { SseMessage } from '@rxsse/shared'
import { of, Subject } from 'rxjs'
import { describe, expect, it, onTestFinished } from 'vitest'
import { expectIdle } from '../../test/idle.ts'
import { ManualScheduler } from '../../test/manual-scheduler.ts'
import type { StreamEndpoint, StreamEndpointOptions } from '../http/stream-endpoint.ts'
import { createSink } from '../sink/sink.ts'
import { streamTo } from '../stream-to/stream-to.ts'

/** Ends its only stream when the test says so. */
interface Ending {
  readonly endpoint: StreamEndpoint
  end(): unknown
}

const ENDINGS: Readonly<Record<string, (options: StreamEndpointOptions) => Ending>> = {
  'a user that is disconnected': (options) => {
    const sink = createSink(options)
    return { endpoint: sink, end: () => sink.disconnect('all') }
  },
  'a permission that expires': (options) => {
    const scheduler = options.scheduler as ManualScheduler
    const access = () => ({ allow: true, expires: 1 }) as const
    return { endpoint: createSink({ ...options, access }), end: () => scheduler.advance(1) }
  },
  'a sink that completes': (options) => {
    const sink = createSink({ ...options, onComplete: 'close' })
    return { endpoint: sink, end: () => sink.complete() }
  },
  'an answer that completes': (options) => ({
    endpoint: streamTo(() => of({ data: 'whole' }), options),
    end: () => {},
  }),
  'an answer that fails': (options) => {
    const source = new Subject<SseMessage>()
    const endpoint = streamTo(() => source, { ...options, onError: () => {} })
    return { endpoint, end: () => source.error(new Error('no more')) }
  },
}

/** A client that takes nothing. */
const CLIENTS: Readonly<Record<string, (endpoint: StreamEndpoint) => Promise<void>>> = {
  'HTTP/2 without a window': async ({ handler }) => {
    const server = createServer(handler).listen(0, '127.0.0.1')
    await once(server, 'listening')
    onTestFinished(() => void server.close())
    const { port } = server.address() as AddressInfo
    const session = connect(`http://127.0.0.1:${port}`, { settings: { initialWindowSize: 0 } })
    onTestFinished(() => session.destroy())
    const stream = session.request({ ':path': '/' })
    stream.on('error', () => {})
    await once(stream, 'response')
  },
  'a Response that nobody reads': async ({ fetch }) => void (await fetch(new Request('http://localhost/'))),
}

describe.each(Object.entries(CLIENTS))('the client of %s gives its place back after', (_client, open) => {
  it.each(Object.entries(ENDINGS))('%s', async (_ending, create) => {
    const scheduler = new ManualScheduler()
    const { endpoint, end } = create({ scheduler, heartbeat: false, slowClient: { stalledFor: '30s' } })
    onTestFinished(() => endpoint.close())
    await open(endpoint)
    await expect.poll(() => endpoint.stats().connections).toBe(1)
    await end()
    await endOfTick()
    scheduler.advance(29_000)
    expect(endpoint.stats()).toMatchObject({ connections: 1, disconnected: 0 })
    scheduler.advance(10_000)
    await expect.poll(() => endpoint.stats()).toMatchObject({ connections: 0, disconnected: 1 })
    await expectIdle(endpoint)
  })
})

it('a client that takes the last bytes slowly gets all of them', async () => {
  const scheduler = new ManualScheduler()
  const source = new Subject<SseMessage>()
  const endpoint = streamTo(() => source, { scheduler, heartbeat: false })
  onTestFinished(() => endpoint.close())
  const { body } = await endpoint.fetch(new Request('http://localhost/'))
  for (let n = 0; n < 5; n++) {
    source.next({ data: n })
    await endOfTick()
  }
  source.complete()
  await endOfTick()
  const reader = (body as ReadableStream<Uint8Array>).getReader()
  let text = ''
  for (;;) {
    const { done, value } = await reader.read()
    if (done) break
    text += new TextDecoder().decode(value)
    scheduler.advance(20_000)
  }
  expect(text.match(/\d/g)).toEqual(['0', '1', '2', '3', '4'])
})
