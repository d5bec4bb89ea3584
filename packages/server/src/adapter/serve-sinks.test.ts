import type { RequestListener, ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it, onTestFinished } from 'vitest'
import { openReader } from '../../test/reader.ts'
import { createSink, type Sink } from '../sink/sink.ts'
import { type ServeSinksOptions, type SinkServer, serveSinks } from './serve-sinks.ts'

async function startServer(options: Partial<ServeSinksOptions> = {}): Promise<SinkServer> {
  const server = await serveSinks({ port: 0, sinks: {}, ...options })
  onTestFinished(() => server.close({ drain: 0 }))
  return server
}

describe('serveSinks', () => {
  it('serves each sink under its id', async () => {
    const sinks = { public: createSink(), 'für alle': createSink() }
    const { url } = await startServer({ sinks })
    const one = await openReader(`${url}/public`)
    const other = await openReader(`${url}/${encodeURIComponent('für alle')}/?x=1`)
    await sinks.public.publish({ data: 'public' })
    await sinks['für alle'].publish({ data: 'all' })
    expect(await one.take(1)).toMatchObject([{ data: 'public' }])
    expect(await other.take(1)).toMatchObject([{ data: 'all' }])
  })

  it.each(['/sse/unknown', '/sse', '/sse/', '/', '/public', '/sse/a/b', '/sse/%E0%A4%A', '/sse/constructor'])(
    'answers 404 at %s',
    async (path) => {
      const { port } = await startServer({ sinks: { public: createSink(), a: createSink() } })
      expect((await openReader(`http://127.0.0.1:${port}${path}`)).status).toBe(404)
    },
  )

  it.each(['/sse/%61dmin', '/sse/admin/', '/sse/%61%64min/?a=%62', '/sse/admin?'])(
    'shows `access` the path of the sink, however the client writes it: %s',
    async (path) => {
      const paths: string[] = []
      const admin = createSink({
        access({ url }) {
          paths.push(url.pathname + url.search)
          return { deny: 403 }
        },
      })
      const { port } = await startServer({ sinks: { admin } })
      expect((await openReader(`http://127.0.0.1:${port}${path}`)).status).toBe(403)
      expect(paths).toEqual([path.includes('?a') ? '/sse/admin?a=%62' : '/sse/admin'])
    },
  )

  it('takes the base path with or without a trailing slash', async () => {
    const { port } = await startServer({ basePath: '/', sinks: { a: createSink() } })
    expect((await openReader(`http://127.0.0.1:${port}/a`)).status).toBe(200)
  })

  it.each([
    ['/up', '/up', 200],
    ['/up/', '/up', 200],
    ['/up/', '/up/', 200],
    [undefined, '/health/', 200],
    [false, '/health', 404],
  ] as const)('with the health path %s answers at %s', async (health, path, status) => {
    const { port } = await startServer(health === undefined ? {} : { health })
    expect((await openReader(`http://127.0.0.1:${port}${path}`)).status).toBe(status)
  })

  it('has a health path, which is gone after close', async () => {
    const sink = createSink()
    const { port, close, url } = await startServer({ sinks: { a: sink } })
    const health = `http://127.0.0.1:${port}/health`
    expect((await openReader(health)).status).toBe(200)
    const reader = await openReader(`${url}/a`)
    const closed = close()
    expect(await reader.ended).toBe('end')
    await closed
    await expect(openReader(health)).rejects.toThrow()
  })

  it('rejects if the port is in use', async () => {
    const { port } = await startServer()
    await expect(serveSinks({ port, sinks: {} })).rejects.toMatchObject({ code: 'EADDRINUSE' })
  })

  it('closes while clients are connected', async () => {
    const sink = createSink()
    const { url, close } = await startServer({ sinks: { a: sink } })
    const readers = await Promise.all(Array.from({ length: 5 }, () => openReader(`${url}/a`)))
    await expect.poll(() => sink.stats().connections).toBe(5)
    await close()
    for (const reader of readers) expect(await reader.ended).toBe('end')
  })

  it('takes no connections over with `takeover: false`, and serves handlers of other kinds', async () => {
    const sink = createSink({ takeover: false, heartbeat: false })
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
    await sleep(1)
    expect(responses[0]?.socket).not.toBeNull()
    expect(await (await fetch(`${url}/plain`)).text()).toBe('plain')
  })

  it('puts an IPv6 address into brackets in its URL', async () => {
    const { url, close } = await serveSinks({ host: '::1', port: 0, sinks: {} })
    onTestFinished(() => close())
    expect(url).toMatch(/^http:\/\/\[::1\]:\d+\/sse$/)
    expect((await fetch(`${url}/none`)).status).toBe(404)
  })
})
