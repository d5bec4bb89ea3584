import { once } from 'node:events'
import type { RequestListener } from 'node:http'
import { connect, createServer as createHttp2Server } from 'node:http2'
import type { AddressInfo } from 'node:net'
import express from 'express'
import fastify from 'fastify'
import Koa from 'koa'
import { describe, expect, it, onTestFinished } from 'vitest'
import { sendRaw } from '../../test/raw-request.ts'
import { serve } from '../../test/serve.ts'
import { createSink, type Sink } from '../sink/sink.ts'

/** Servers that route by the path as the client writes it. */
const SERVERS: Readonly<Record<string, (sink: Sink) => Promise<string>>> = {
  'node:http': (sink) => serve(sink.handler),
  Express: (sink) => serve(express().use('/public', sink.handler) as RequestListener),
  Koa: (sink) => serve(new Koa().use(sink.koa).callback()),
  async Fastify(sink) {
    const app = fastify()
    onTestFinished(() => app.close())
    await app.register(sink.fastify, { path: '/public/*' })
    return app.listen({ port: 0, host: '127.0.0.1' })
  },
}

/** The paths that `access` sees. */
function watchPaths(): { sink: Sink; seen: string[] } {
  const seen: string[] = []
  const sink = createSink({
    access({ url }) {
      seen.push(url.pathname)
      return { deny: 403 }
    },
  })
  onTestFinished(() => sink.close())
  return { sink, seen }
}

describe.each(Object.entries(SERVERS))('over %s', (_server, listen) => {
  it.each([
    '/public/../secret',
    '/public/./a',
    '/public/..',
    '/public/%2e%2E/secret',
    '/public/.%2e/secret',
    '/public/%2e',
    '/public/a\\..\\..\\secret',
    '/public/\\secret',
    'http://localhost/public/../secret',
  ])('a path that a URL would change is answered 400: %s', async (target) => {
    const { sink, seen } = watchPaths()
    const text = await sendRaw(
      await listen(sink),
      `GET ${target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`,
    )
    expect(text).toMatch(/^HTTP\/1\.1 400 /)
    expect(seen).toEqual([])
    expect(sink.stats()).toMatchObject({ connections: 0, pending: 0 })
  })

  it.each([
    ['/public/...', '/public/...'],
    ['/public/.a', '/public/.a'],
    ['/public/a..b/c.', '/public/a..b/c.'],
    ['/public/..%2fsecret', '/public/..%2fsecret'],
    ['/public/a//b', '/public/a//b'],
    ['/public/a?x=/../y', '/public/a'],
    ['/public/%5c', '/public/%5c'],
  ])('any other path is seen as it is: %s', async (target, path) => {
    const { sink, seen } = watchPaths()
    const text = await sendRaw(
      await listen(sink),
      `GET ${target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`,
    )
    expect(text).toMatch(/^HTTP\/1\.1 403 /)
    expect(seen).toEqual([path])
  })
})

describe('over HTTP/2', () => {
  it('a path that a URL would change is answered 400', async () => {
    const { sink, seen } = watchPaths()
    const server = createHttp2Server(sink.handler).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const session = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
    onTestFinished(() => {
      session.destroy()
      server.close()
    })
    const [headers] = await once(session.request({ ':path': '/public/../secret' }), 'response')
    expect(headers[':status']).toBe(400)
    expect(seen).toEqual([])
  })
})
