import { AsyncLocalStorage } from 'node:async_hooks'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { SseMessage } from '@rxsse/shared'
import { NEVER, Observable } from 'rxjs'
import { describe, expect, it, onTestFinished } from 'vitest'
import { CountingScheduler, expectIdle } from '../../test/idle.ts'
import { connectRaw } from '../../test/raw-request.ts'
import type { SinkRequest } from '../http/request.ts'
import type { StreamEndpoint, StreamEndpointOptions } from '../http/stream-endpoint.ts'
import { createSink } from '../sink/sink.ts'
import { streamTo } from '../stream-to/stream-to.ts'

function createRequest(path: string): string {
  return `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`
}

const LARGE = 'x'.repeat(100_000)

/** `/large` is another handler's, and is answered at once. Everything else is the endpoint's. */
async function serveBesideLarge({ handler }: StreamEndpoint) {
  const listener: RequestListener = (request, response) => {
    if (request.url === '/large') response.end(LARGE)
    else handler(request, response)
  }
  const server = createServer(listener).listen(0, '127.0.0.1')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  await expect.poll(() => server.listening).toBe(true)
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
}

/** The first request of a connection waits, and Node stops reading the requests behind it. */
const WAITING: Readonly<Record<string, (options: StreamEndpointOptions) => StreamEndpoint>> = {
  'a sink whose access never answers': (options) =>
    createSink({ ...options, access: () => new Promise(() => {}) }),
  'a silent sink': (options) => createSink({ ...options, heartbeat: false }),
  'a silent sink that takes over': (options) => createSink({ ...options, heartbeat: false, takeover: true }),
  'a project function that never answers': (options) => streamTo(() => new Promise<never>(() => {}), options),
  'a pipeline without a first event': (options) => streamTo(() => NEVER, { ...options, head: 'first-event' }),
  'a silent pipeline': (options) => streamTo(() => NEVER, { ...options, heartbeat: false }),
}

const LEAVE: Readonly<Record<string, (socket: ReturnType<typeof connectRaw>) => void>> = {
  'closes its connection': (socket) => void socket.destroy(),
  'resets its connection': (socket) => void socket.resetAndDestroy(),
  'ends its half': (socket) => void socket.end(),
}

describe.each(Object.entries(WAITING))('behind %s', (_name, create) => {
  it.each(Object.entries(LEAVE))(
    'large answers of other handlers do not hide that the client %s',
    async (_leaving, leave) => {
      const scheduler = new CountingScheduler()
      const endpoint = create({ scheduler })
      const { server, url } = await serveBesideLarge(endpoint)
      const socket = connectRaw(url, createRequest('/live'))
      const open = () => endpoint.stats().connections + endpoint.stats().pending
      await expect.poll(open).toBe(1)
      // Node stops at the third: the second holds more bytes than it lets wait.
      socket.write(`${createRequest('/large')}${createRequest('/large')}${createRequest('/large')}`)
      await sleep(20)
      leave(socket)
      await expectIdle(endpoint, { server, scheduler })
      await endpoint.close()
    },
  )

  it('requests of the endpoint itself hold nothing', async () => {
    const scheduler = new CountingScheduler()
    const endpoint = create({ scheduler })
    const { server, url } = await serveBesideLarge(endpoint)
    const socket = connectRaw(url, createRequest('/live').repeat(20))
    const open = () => endpoint.stats().connections + endpoint.stats().pending
    await expect.poll(open).toBe(1)
    await sleep(20)
    expect(open()).toBe(1)
    socket.destroy()
    await expectIdle(endpoint, { server, scheduler })
    await endpoint.close()
  })
})

describe('pipelined requests', () => {
  it('are answered one after another', async () => {
    const running: string[] = []
    const endpoint = streamTo<SseMessage>(
      ({ url }) =>
        new Observable((subscriber) => {
          running.push(url.pathname)
          expect(running).toHaveLength(1)
          const timer = setTimeout(() => {
            subscriber.next({ data: url.pathname })
            subscriber.complete()
          }, 5)
          return () => {
            clearTimeout(timer)
            running.pop()
          }
        }),
    )
    const { url } = await serveBesideLarge(endpoint)
    const socket = connectRaw(url, ['/1', '/2', '/large'].map(createRequest).join(''))
    let text = ''
    socket.on('data', (bytes) => {
      text += String(bytes)
    })
    await expect.poll(() => text).toContain(LARGE)
    expect(text.match(/data: \/\d|x{100}$/g)).toEqual(['data: /1', 'data: /2', 'x'.repeat(100)])
    socket.destroy()
    await expectIdle(endpoint)
  })

  it('that wait when the endpoint closes are refused in their turn', async () => {
    const endpoint = streamTo(() => NEVER, { head: 'first-event', limits: { overload: 503 } })
    const { url } = await serveBesideLarge(endpoint)
    const socket = connectRaw(url, createRequest('/').repeat(3))
    let text = ''
    socket.on('data', (bytes) => {
      text += String(bytes)
    })
    await expect.poll(() => endpoint.stats().pending).toBe(1)
    await endpoint.close()
    await expect.poll(() => text.match(/HTTP\/1.1 503/g)?.length).toBe(3)
    socket.destroy()
  })

  it('that are answered at once leave no listener behind on their socket', async () => {
    const sink = createSink()
    const { server, url } = await serveBesideLarge(sink)
    const sockets: Socket[] = []
    server.on('connection', (opened) => sockets.push(opened))
    const socket = connectRaw(url, '')
    let text = ''
    socket.on('data', (bytes) => {
      text += String(bytes)
    })
    for (let round = 1; round <= 3; round++) {
      socket.write('HEAD / HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(50))
      await expect.poll(() => text.match(/HTTP\/1.1 200/g)?.length).toBe(50 * round)
      expect(sockets[0]?.listenerCount('pause')).toBeLessThanOrEqual(2)
    }
    socket.destroy()
    await expectIdle(sink, { server })
  })

  it('end their connection if there are very many behind one that waits', async () => {
    const sink = createSink({ access: () => new Promise(() => {}) })
    const { server, url } = await serveBesideLarge(sink)
    const socket = connectRaw(url, createRequest('/live').repeat(1_000))
    socket.resume()
    await expect.poll(() => socket.readableEnded).toBe(true)
    await expectIdle(sink, { server })
  })
})

it('a body that nobody reads does not hide that its client leaves', async () => {
  for (const endpoint of [
    createSink({ access: () => new Promise(() => {}) }),
    streamTo(() => NEVER, { head: 'first-event' }),
  ]) {
    const { server, url } = await serveBesideLarge(endpoint)
    const socket = connectRaw(url, 'GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 10000000\r\n\r\n')
    socket.write('x'.repeat(1_000_000))
    await expect.poll(() => endpoint.stats().pending).toBe(1)
    await sleep(20)
    socket.destroy()
    await expectIdle(endpoint, { server })
  }
})

it('a body that a project function leaves unread hides its client only until the next heartbeat', async () => {
  const endpoint = streamTo(() => NEVER, { methods: ['POST'], heartbeat: { interval: 20 } })
  const { server, url } = await serveBesideLarge(endpoint)
  const socket = connectRaw(url, 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10000000\r\n\r\n')
  socket.write('x'.repeat(1_000_000))
  await expect.poll(() => endpoint.stats().connections).toBe(1)
  await sleep(20)
  socket.destroy()
  await expectIdle(endpoint, { server })
})

it('pipelined requests are each answered in the asynchronous context of their own', async () => {
  const store = new AsyncLocalStorage<string>()
  const seen: string[] = []
  const look = ({ url }: SinkRequest, where: string): unknown =>
    seen.push(`${url.pathname} ${where} in ${store.getStore()}`)
  const { handler } = streamTo(
    async function* (request) {
      look(request, 'pipeline')
      yield { data: 'a' }
      look(request, 'pipeline')
    },
    {
      access(request) {
        look(request, 'access')
        return { allow: true }
      },
    },
  )
  const server = createServer((request, response) => {
    store.run(String(request.url), () => handler(request, response))
  }).listen(0, '127.0.0.1')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  await expect.poll(() => server.listening).toBe(true)
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const paths = ['/1', '/2', '/3']
  const socket = connectRaw(url, paths.map(createRequest).join(''))
  onTestFinished(() => void socket.destroy())
  await expect.poll(() => seen.length).toBe(9)
  expect(seen).toEqual(
    paths.flatMap((path) => ['access', 'pipeline', 'pipeline'].map((where) => `${path} ${where} in ${path}`)),
  )
})
