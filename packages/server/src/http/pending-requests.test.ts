import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { SseMessage } from '@rxsse/shared'
import { NEVER, Observable } from 'rxjs'
import { describe, expect, it, onTestFinished } from 'vitest'
import { ADAPTERS } from '../../test/adapters.ts'
import { CountingScheduler, expectIdle } from '../../test/idle.ts'
import { connectRaw } from '../../test/raw-request.ts'
import { openReader, type Reader, type ReaderOptions } from '../../test/reader.ts'
import { serveSinks } from '../adapter/serve-sinks.ts'
import { createSink } from '../sink/sink.ts'
import type { SinkOptions } from '../sink/sink-options.ts'
import { type StreamOptions, streamTo } from '../stream-to/stream-to.ts'
import type { StreamEndpoint } from './stream-endpoint.ts'

/** What a request waits for. */
interface Wait {
  readonly promise: Promise<void>
  end(): void
  /** Permits taken and pipelines subscribed to that have not been given back. */
  held: number
}

function createWait(): Wait {
  let end: () => void = () => {}
  const promise = new Promise<void>((resolve) => {
    end = resolve
  })
  return { promise, end: () => end(), held: 0 }
}

function createPipeline(wait: Wait): Observable<SseMessage> {
  return new Observable(() => {
    wait.held++
    return () => {
      wait.held--
    }
  })
}

type Create = (wait: Wait, options: SinkOptions & StreamOptions) => StreamEndpoint

/** Where a request may wait for its response. */
const POINTS: Readonly<Record<string, Create>> = {
  access: ({ promise }, options) =>
    createSink({ ...options, access: () => promise.then(() => ({ allow: true })) }),
  identify: ({ promise }, options) => createSink({ ...options, identify: () => promise.then(() => 'u') }),
  'rooms.authorize': ({ promise }, options) =>
    createSink({ ...options, rooms: { authorize: () => promise.then(() => true) } }),
  'limits.across': (wait, options) =>
    createSink({
      ...options,
      limits: {
        ...options.limits,
        connectionsPerKey: 9,
        key: () => 'k',
        across: {
          async take() {
            await wait.promise
            wait.held++
            return { release: () => void wait.held-- }
          },
        },
      },
    }),
  'the project function': (wait, options) =>
    streamTo(() => wait.promise.then(() => createPipeline(wait)), options),
  'the first event': (wait, options) =>
    streamTo(() => createPipeline(wait), { ...options, head: 'first-event' }),
}

describe.each(ADAPTERS)('over $name', ({ mount, open }) => {
  async function openPending(
    create: Create,
    options: SinkOptions & StreamOptions = {},
  ): Promise<{
    wait: Wait
    endpoint: StreamEndpoint
    scheduler: CountingScheduler
    read(readerOptions?: ReaderOptions): Promise<Reader>
  }> {
    const wait = createWait()
    const scheduler = new CountingScheduler()
    const limits = { connections: 1, overload: 503 as const }
    const endpoint = create(wait, { limits, scheduler, ...options })
    onTestFinished(() => endpoint.close())
    const url = await mount(endpoint)
    return { wait, endpoint, scheduler, read: (readerOptions) => open(`${url}?room=a`, readerOptions) }
  }

  const points = Object.entries(POINTS).filter(([name]) => name !== 'rooms.authorize')
  const roomPoint = Object.entries(POINTS).filter(([name]) => name === 'rooms.authorize')
  const withRooms: [string, Create][] = points.map(([name, create]) => [
    name,
    (wait, options) => create(wait, { rooms: { authorize: () => true }, ...options }),
  ])
  const cases = [...withRooms, ...roomPoint]

  it.each(cases)('a client that leaves during %s holds nothing', async (_name, create) => {
    const { wait, endpoint, scheduler, read } = await openPending(create)
    const leaving = new AbortController()
    const gone = read({ signal: leaving.signal }).catch(() => {})
    await expect.poll(() => endpoint.stats().pending).toBe(1)
    // Requests that wait count for the limit, too.
    expect((await read()).status).toBe(503)
    leaving.abort()
    await gone
    await expectIdle(endpoint, { scheduler })
    wait.end()
    await sleep(5)
    expect(wait.held).toBe(0)
    expect(endpoint.stats()).toMatchObject({ opened: 0, pending: 0 })
  })

  it.each(cases)('a client that waits for %s at close is answered', async (_name, create) => {
    const { wait, endpoint, scheduler, read } = await openPending(create, { limits: { connections: 1 } })
    const reading = read()
    await expect.poll(() => endpoint.stats().pending).toBe(1)
    await endpoint.close()
    const reader = await reading
    expect(reader.status).toBe(200)
    expect(await reader.ended).toBe('end')
    expect(reader.interpret().retry).toBeGreaterThan(0)
    await expectIdle(endpoint, { scheduler })
    wait.end()
    await sleep(5)
    expect(wait.held).toBe(0)
    expect(endpoint.stats().opened).toBe(0)
  })

  it('a POST that waits at close, comes during it, or is over the limit is answered 503', async () => {
    const options = { methods: ['GET', 'POST'], head: 'first-event', limits: { connections: 1 } } as const
    const endpoint = streamTo(() => NEVER, options)
    const url = await mount(endpoint)
    const reading = open(url, { method: 'POST' })
    await expect.poll(() => endpoint.stats().pending).toBe(1)
    const excess = await open(url, { method: 'POST' })
    expect(excess.status).toBe(503)
    expect(Number(excess.headers['retry-after'])).toBeGreaterThan(0)
    await endpoint.close()
    expect((await reading).status).toBe(503)
    expect((await open(url, { method: 'POST' })).status).toBe(503)
  })
})

describe('pipelined requests', () => {
  const REQUEST = 'GET /sse/live HTTP/1.1\r\nHost: x\r\n\r\n'
  const SETTINGS: [string, SinkOptions][] = [
    ['synchronous access', {}],
    [
      'asynchronous access',
      {
        access: async () => {
          await sleep(5)
          return { allow: true }
        },
      },
    ],
    ['access that never answers', { access: () => new Promise(() => {}) }],
  ]

  it.each(SETTINGS)('of a client that leaves hold nothing: takeover, %s', async (_name, options) => {
    const scheduler = new CountingScheduler()
    const sink = createSink({ ...options, scheduler, limits: { connections: 1_000 } })
    const { url, server, close } = await serveSinks({ port: 0, sinks: { live: sink } })
    onTestFinished(() => close())
    const socket = connectRaw(url, REQUEST)
    await expect.poll(() => sink.stats().connections + sink.stats().pending).toBeGreaterThan(0)
    socket.write(REQUEST.repeat(500))
    await sleep(100)
    socket.destroy()
    await expectIdle(sink, { server, scheduler })
  })

  it.each(SETTINGS)(
    'in one packet hold nothing after their client leaves: takeover, %s',
    async (_name, options) => {
      const scheduler = new CountingScheduler()
      const sink = createSink({ ...options, scheduler, limits: { connections: 1_000 } })
      const { url, server, close } = await serveSinks({ port: 0, sinks: { live: sink } })
      onTestFinished(() => close())
      const socket = connectRaw(url, REQUEST.repeat(40))
      const open = () => sink.stats().connections + sink.stats().pending
      await expect.poll(open).toBe(1)
      socket.write(REQUEST.repeat(41))
      await sleep(20)
      expect(open()).toBe(1)
      socket.destroy()
      await expectIdle(sink, { server, scheduler })
    },
  )

  it('after an answer of another handler may be taken over', async () => {
    const sink = createSink({ takeover: true })
    const server = createServer((request, response) => {
      if (request.url === '/page') response.end('page')
      else sink.handler(request, response)
    }).listen(0, '127.0.0.1')
    onTestFinished(() => void server.close())
    await expect.poll(() => server.listening).toBe(true)
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const socket = connectRaw(url, `GET /page HTTP/1.1\r\nHost: x\r\n\r\n${REQUEST}`)
    let text = ''
    socket.on('data', (bytes) => {
      text += bytes.toString()
    })
    await expect.poll(() => text).toContain('text/event-stream')
    await sink.publish({ data: 'x' })
    await expect.poll(() => text).toContain('data: x\n\n')
    socket.destroy()
    await expectIdle(sink, { server })
    await sink.close()
  })
})

describe('close()', () => {
  it('lets the server close at once, also with a client that never reads', async () => {
    const endpoint = streamTo(() => NEVER, { head: 'first-event' })
    const server = createServer(endpoint.handler).listen(0, '127.0.0.1')
    await expect.poll(() => server.listening).toBe(true)
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    openReader(url).catch(() => {})
    await expect.poll(() => endpoint.stats().pending).toBe(1)
    await endpoint.close()
    const start = performance.now()
    await new Promise((resolve) => server.close(resolve))
    expect(performance.now() - start).toBeLessThan(1_000)
  })

  it('refuses a wrong duration, and stays open', async () => {
    const sink = createSink()
    expect(() => sink.close({ drain: 'soon' as never })).toThrow('close: drain must be')
    expect(() => sink.close({ finish: -1 })).toThrow('close: finish must be')
    await sink.publish({ data: 1 })
    await sink.close()
  })
})
