import { once } from 'node:events'
import {
  createServer,
  type IncomingMessage,
  ServerResponse as NodeServerResponse,
  type RequestListener,
  type ServerResponse,
} from 'node:http'
import { connect } from 'node:net'
import compression from 'compression'
import express from 'express'
import { describe, expect, it, onTestFinished } from 'vitest'
import { eventually } from '../../test/eventually.ts'
import { exchange } from '../../test/exchange.ts'
import { openReader } from '../../test/reader.ts'
import { serve } from '../../test/serve.ts'
import { opened } from '../../test/served.ts'

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
