import { once } from 'node:events'
import {
  createServer,
  type IncomingMessage,
  ServerResponse as NodeServerResponse,
  type RequestListener,
  type ServerResponse,
} from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import { connect, Socket } from 'node:net'
import { testCertificate } from '@rxsse/testing'
import compression from 'compression'
import express from 'express'
import { Subject } from 'rxjs'
import { describe, expect, it, onTestFinished } from 'vitest'
import { eventually } from '../../test/eventually.ts'
import { openReader } from '../../test/reader.ts'
import { serve } from '../../test/serve.ts'
import { readJson } from '../read-json.ts'
import type { SinkRequest } from '../request.ts'
import { serveSinks } from '../serve-sinks.ts'
import { createSink, type Sink } from '../sink.ts'
import type { SinkOptions } from '../sink-options.ts'
import { streamTo } from '../stream-to.ts'
import { takeOver } from './take-over.ts'

function opened(options?: SinkOptions): Sink {
  const sink = createSink(options)
  onTestFinished(() => sink.close({ drain: 0 }))
  return sink
}

/** Sends what no client of the runtime would; gives the whole answer. */
async function exchange(url: string, text: string): Promise<string> {
  const { hostname, port } = new URL(url)
  const socket: Socket = connect(Number(port), hostname)
  onTestFinished(() => void socket.destroy())
  socket.write(text, 'latin1')
  let answer = ''
  socket.on('data', (chunk: Buffer) => {
    answer += chunk.toString('latin1')
  })
  await once(socket, 'close')
  return answer
}

describe('a response that a middleware has put itself in front of', () => {
  it('gets every byte by way of that, and its end', async () => {
    const sink = opened({ heartbeat: false })
    const seen: string[] = []
    const listener: RequestListener = (request, response) => {
      const { write, end } = response
      response.write = (...of: unknown[]) => {
        seen.push(String(of[0]))
        return Reflect.apply(write, response, of)
      }
      response.end = (...of: unknown[]) => {
        seen.push('end')
        return Reflect.apply(end, response, of)
      }
      sink.handler(request, response)
    }
    const reader = await openReader(await serve(listener))
    await sink.publish({ data: 1 })
    await reader.take(1)
    await sink.close({ drain: 0 })
    expect(await reader.ended).toBe('end')
    expect(seen.at(-1)).toBe('end')
    expect(seen.join('')).toBe(`${reader.text()}end`)
  })

  it('that compresses whatever it gets is told to let go of each event', async () => {
    const sink = opened({ heartbeat: false })
    const app = express()
      .use(compression({ threshold: 0 }))
      .use((_: IncomingMessage, response: ServerResponse, next: () => void) => {
        // So that it does not leave it be.
        const { setHeader } = response
        response.setHeader = (name, value) =>
          setHeader.call(response, name, name === 'cache-control' ? 'no-store' : value)
        next()
      })
      .use('/live', sink.handler)
    const response = await fetch(`${await serve(app)}/live`, { headers: { 'accept-encoding': 'gzip' } })
    expect(response.headers.get('content-encoding')).toBe('gzip')
    const reader = (response.body as ReadableStream<Uint8Array>)
      .pipeThrough(new TextDecoderStream())
      .getReader()
    await reader.read()
    await sink.publish({ data: 1 })
    let text = ''
    while (!text.includes('data: 1\n\n')) text += (await reader.read()).value
    await reader.cancel()
  })

  it('keeps what it made the answer depend on', async () => {
    const sink = opened({ cors: { origins: ['https://app.example'] } })
    const reader = await openReader(
      await serve((request, response) => {
        response.setHeader('vary', 'Accept-Language')
        sink.handler(request, response)
      }),
    )
    expect(reader.headers.vary).toBe('Accept-Language, Origin')
  })

  it.each(['HTTP/1.1', 'HTTP/1.0'])(
    'and that is ended by another gets nothing more (%s)',
    async (version) => {
      const sink = opened({ heartbeat: false })
      const responses: ServerResponse[] = []
      const url = await serve((request, response) => {
        sink.handler(request, response)
        responses.push(response)
      })
      const answer = exchange(url, `GET / ${version}\r\nHost: localhost\r\nConnection: close\r\n\r\n`)
      await eventually(() => sink.stats().connections === 1)
      responses[0]?.end()
      sink.next({ data: 'too late' })
      await sink.close({ drain: 0 })
      expect(await answer).not.toContain('too late')
    },
  )
})

describe('a client that is too slow is cut off', () => {
  it.each(['HTTP/1.1', 'HTTP/1.0'])('over %s', async (version) => {
    const sink = opened({ heartbeat: false, slowClient: { policy: 'disconnect', maxMessages: 1 } })
    const { hostname, port } = new URL(await serve(sink.handler))
    const socket = connect(Number(port), hostname)
    onTestFinished(() => void socket.destroy())
    socket.on('error', () => {})
    socket.pause()
    socket.write(`GET / ${version}\r\nHost: localhost\r\n\r\n`)
    await eventually(() => sink.stats().connections === 1)
    await eventually(() => {
      sink.next({ data: 'x'.repeat(200_000) })
      return sink.stats().disconnected === 1
    })
    await eventually(() => sink.stats().connections === 0)
  })
})

it('a client that resets its connection just before it is written to has left, and hurts nobody', async () => {
  const sink = opened({ heartbeat: false, onComplete: 'close' })
  const { hostname, port } = new URL(await serve(sink.handler))
  const socket = connect(Number(port), hostname)
  socket.on('error', () => {})
  socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')
  await once(socket, 'data')
  await eventually(() => sink.stats().connections === 1)
  // All within this turn, so that the server cannot have heard of it.
  socket.resetAndDestroy()
  sink.next({ data: 'x'.repeat(100_000) })
  sink.complete()
  await eventually(() => sink.stats().connections === 0)
  expect(sink.stats().published).toBe(1)
})

describe('a connection is not taken over', () => {
  it('while its request is still on its way', async () => {
    const source = new Subject<{ data: number }>()
    const { handler } = streamTo(() => source, { methods: ['POST'], takeover: true })
    const { hostname, port } = new URL(await serve(handler))
    const socket = connect(Number(port), hostname)
    onTestFinished(() => void socket.destroy())
    let text = ''
    socket.on('data', (chunk: Buffer) => {
      text += chunk
    })
    socket.write('POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nabc')
    await eventually(() => source.observed && text.includes('retry'))
    source.next({ data: 1 })
    await eventually(() => text.includes('data: 1\n\n'))
    source.complete()
    await eventually(() => text.endsWith('0\r\n\r\n'))
  })

  it('where there is nothing of Node to take it from', () => {
    const socket = new Socket()
    onTestFinished(() => void socket.destroy())
    expect(takeOver({} as IncomingMessage, {} as ServerResponse, socket)).toBe(false)
  })

  it('and with TLS it is', async () => {
    const sink = opened({ takeover: true, heartbeat: false })
    const responses: ServerResponse[] = []
    const server = createSecureServer(testCertificate, (request, response) => {
      responses.push(response)
      sink.handler(request, response)
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    onTestFinished(() => {
      server.closeAllConnections()
      server.close()
    })
    const address = server.address()
    const port = typeof address === 'object' ? address?.port : 0
    const reader = await openReader(`https://127.0.0.1:${port}/`)
    await eventually(() => responses[0]?.socket === null)
    await sink.publish({ data: 1 })
    await reader.take(1)
    await sink.close()
    expect(await reader.ended).toBe('end')
  })
})

it('a response of a class of its own is written to by its own way', async () => {
  const written: string[] = []
  class OwnResponse extends NodeServerResponse {}
  const { write } = NodeServerResponse.prototype
  OwnResponse.prototype.write = function (this: NodeServerResponse, ...of: unknown[]) {
    written.push(String(of[0]))
    return Reflect.apply(write, this, of)
  }
  const sink = opened({ heartbeat: false })
  const server = createServer({ ServerResponse: OwnResponse }, sink.handler).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const address = server.address()
  const reader = await openReader(`http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}/`)
  await sink.publish({ data: 1 })
  await reader.take(1)
  expect(written.join('')).toBe(reader.text())
})

describe('a request', () => {
  it.each([
    ['names all of a server', 'GET * HTTP/1.1\r\nHost: localhost\r\n'],
    ['names nothing that any server has', 'GET *[ HTTP/1.1\r\nHost: localhost\r\n'],
    ['has a host that is none', 'GET // HTTP/1.1\r\nHost: a b\r\n'],
    ['has a target that is no path of any', 'GET http://[ HTTP/1.1\r\nHost: localhost\r\n'],
  ])('that %s has a url all the same', async (_, head) => {
    const urls: string[] = []
    const sink = opened({
      access: ({ url }) => {
        urls.push(url.href)
        return { deny: 403 }
      },
    })
    const answer = await exchange(await serve(sink.handler), `${head}Connection: close\r\n\r\n`)
    expect(answer).toMatch(/^HTTP\/1.1 403/)
    expect(urls).toEqual([expect.stringMatching(/^http:\/\//)])
  })

  it('shows each of headers that come more than once', async () => {
    const seen: (string | null)[] = []
    const sink = opened({
      access: ({ headers }) => {
        seen.push(headers.get('set-cookie'), headers.get('x-each'))
        return { deny: 403 }
      },
    })
    const headers = { 'set-cookie': ['a=1', 'b=2'], 'x-each': ['1', '2'] }
    await openReader(await serve(sink.handler), { headers })
    expect(seen).toEqual(['a=1, b=2', '1, 2'])
  })

  it('whose client has gone is aborted also for who asks only then', async () => {
    let ask: () => void = () => {}
    const asked = new Promise<void>((resolve) => {
      ask = resolve
    })
    const aborted: boolean[] = []
    const sink = opened({
      access: async (request) => {
        await asked
        aborted.push(request.signal.aborted)
        return { allow: true }
      },
    })
    const gone: boolean[] = []
    const url = await serve((request, response) => {
      response.once('close', () => gone.push(true))
      sink.handler(request, response)
    })
    const leaving = new AbortController()
    const leaves = openReader(url, { signal: leaving.signal }).catch(() => {})
    setTimeout(() => leaving.abort(), 20)
    await leaves
    await eventually(() => gone.length === 1)
    ask()
    await eventually(() => aborted.length === 1)
    expect(aborted).toEqual([true])
    expect(sink.stats().opened).toBe(0)
  })

  it('with an id that is not UTF-8 is told of the gap by the bytes it sent', async () => {
    const { memoryLog } = await import('../log/memory.ts')
    const sink = opened({ log: memoryLog() })
    const reader = await openReader(await serve(sink.handler), { headers: { 'last-event-id': 'caf\u00e9' } })
    const [gap] = await reader.take(1)
    expect(gap?.type).toBe('gap')
    expect(JSON.parse(gap?.data ?? '')).toMatchObject({ from: 'caf\u00e9', reason: 'unknown' })
  })
})

describe('the body of a request is JSON', () => {
  const echo = streamTo(async (request: SinkRequest) => [{ data: await readJson(request) }], {
    methods: ['POST'],
    onError: () => {},
  })

  it.each([
    ['nothing but node:http', undefined],
    ['a framework that has parsed it', express.json()],
    ['a framework that has read it as text', express.text({ type: '*/*' })],
    ['a framework that has read it as bytes', express.raw({ type: '*/*' })],
  ])('behind %s', async (_, parser) => {
    const app = express()
    if (parser !== undefined) app.use(parser)
    const reader = await openReader(await serve(app.use('/', echo.handler)), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"prompt":"é"}',
    })
    expect((await reader.take(1))[0]?.data).toBe('{"prompt":"é"}')
  })

  it('and not where there is none', async () => {
    const request = { raw: undefined } as SinkRequest
    await expect(readJson(request)).rejects.toMatchObject({ status: 400 })
    await expect(readJson({ ...request, raw: new Request('http://localhost/') })).rejects.toMatchObject({
      status: 400,
    })
  })
})

describe('serveSinks', () => {
  it('takes no connections over from a sink that was told not to, and serves handlers of other kinds', async () => {
    const sink = opened({ takeover: false, heartbeat: false })
    const plain: RequestListener = (_, response) => void response.end('plain')
    const { url, server, close } = await serveSinks({
      port: 0,
      sinks: { sink, plain: { handler: plain as Sink['handler'], close: async () => {} } },
    })
    onTestFinished(() => close({ drain: 0 }))
    const responses: ServerResponse[] = []
    server.on('request', (_, response) => responses.push(response))
    const reader = await openReader(`${url}/sink?a=b?c`)
    await sink.publish({ data: 1 })
    await reader.take(1)
    await eventually(() => true)
    expect(responses[0]?.socket).not.toBeNull()
    expect(await (await fetch(`${url}/plain`)).text()).toBe('plain')
  })

  it('names an address of IPv6 as a url has it', async () => {
    const { url, close } = await serveSinks({ host: '::1', port: 0, sinks: {} })
    onTestFinished(() => close())
    expect(url).toMatch(/^http:\/\/\[::1\]:\d+\/sse$/)
    expect((await fetch(`${url}/none`)).status).toBe(404)
  })
})
