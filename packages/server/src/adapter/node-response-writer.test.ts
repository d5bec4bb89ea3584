import { once } from 'node:events'
import {
  createServer,
  type IncomingMessage,
  ServerResponse as NodeServerResponse,
  type RequestListener,
  type ServerResponse,
} from 'node:http'
import compression from 'compression'
import express from 'express'
import { describe, expect, it, onTestFinished } from 'vitest'
import { connectRaw, sendRaw } from '../../test/raw-request.ts'
import { openReader } from '../../test/reader.ts'
import { createTestSink, serve } from '../../test/serve.ts'

describe('a response that a middleware wraps', () => {
  it('is written and ended through the middleware', async () => {
    const sink = createTestSink({ heartbeat: false })
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

  it('that compresses is flushed after each event', async () => {
    const sink = createTestSink({ heartbeat: false })
    const app = express()
      .use(compression({ threshold: 0 }))
      .use((_: IncomingMessage, response: ServerResponse, next: () => void) => {
        // Without no-transform, the middleware compresses.
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

  it('keeps the Vary of the middleware', async () => {
    const sink = createTestSink({ cors: { origins: ['https://app.example'] } })
    const reader = await openReader(
      await serve((request, response) => {
        response.setHeader('vary', 'Accept-Language')
        sink.handler(request, response)
      }),
    )
    expect(reader.headers.vary).toBe('Accept-Language, Origin')
  })

  it.each(['HTTP/1.1', 'HTTP/1.0'])(
    'gets nothing more after the middleware ends it (%s)',
    async (version) => {
      const sink = createTestSink({ heartbeat: false })
      const responses: ServerResponse[] = []
      const url = await serve((request, response) => {
        sink.handler(request, response)
        responses.push(response)
      })
      const response = sendRaw(url, `GET / ${version}\r\nHost: localhost\r\nConnection: close\r\n\r\n`)
      await expect.poll(() => sink.stats().connections).toBe(1)
      responses[0]?.end()
      sink.next({ data: 'too late' })
      await sink.close({ drain: 0 })
      expect(await response).not.toContain('too late')
    },
  )
})

describe('a client that is too slow is disconnected', () => {
  it.each(['HTTP/1.1', 'HTTP/1.0'])('over %s', async (version) => {
    const sink = createTestSink({ heartbeat: false, slowClient: { policy: 'disconnect', maxMessages: 1 } })
    connectRaw(await serve(sink.handler), `GET / ${version}\r\nHost: localhost\r\n\r\n`)
    await expect.poll(() => sink.stats().connections).toBe(1)
    await expect
      .poll(() => {
        sink.next({ data: 'x'.repeat(200_000) })
        return sink.stats().disconnected === 1
      })
      .toBe(true)
    await expect.poll(() => sink.stats().connections).toBe(0)
  })
})

it('a client may reset its connection just before a write', async () => {
  const sink = createTestSink({ heartbeat: false, onComplete: 'close' })
  const socket = connectRaw(await serve(sink.handler), 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')
  await once(socket, 'data')
  await expect.poll(() => sink.stats().connections).toBe(1)
  // All within this turn, so that the server cannot notice it before.
  socket.resetAndDestroy()
  sink.next({ data: 'x'.repeat(100_000) })
  sink.complete()
  await expect.poll(() => sink.stats().connections).toBe(0)
  expect(sink.stats().published).toBe(1)
})

it('a response of a class with its own write is written to by that', async () => {
  const written: string[] = []
  class OwnResponse extends NodeServerResponse {}
  const { write } = NodeServerResponse.prototype
  OwnResponse.prototype.write = function (this: NodeServerResponse, ...of: unknown[]) {
    written.push(String(of[0]))
    return Reflect.apply(write, this, of)
  }
  const sink = createTestSink({ heartbeat: false })
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
