import express from 'express'
import { describe, expect, it } from 'vitest'
import { ManualScheduler } from '../../test/manual-scheduler.ts'
import { openReader } from '../../test/reader.ts'
import { createTestSink, serve, serveTestSink } from '../../test/serve.ts'
import { serveSinks } from '../adapter/serve-sinks.ts'
import { readJson } from '../http/read-json.ts'
import type { SinkRequest } from '../http/request.ts'
import { memoryLog } from '../log/memory-log.ts'
import { RequestError } from '../sink/errors.ts'
import { createSink } from '../sink/sink.ts'
import { streamTo } from '../stream-to/stream-to.ts'

// docs/security.md lists these properties, and how to limit them.

describe('a client that is admitted', () => {
  it('gets everything it may see in the log with an id that it made up, and no more than the log keeps', async () => {
    const { sink, url } = await serveTestSink({ log: memoryLog({ capacity: 3 }) })
    for (const data of [1, 2, 3]) await sink.publish({ data })
    await sink.publish({ data: 'private' }, { room: 'other' })
    const reader = await openReader(url, { headers: { 'last-event-id': 'madeup-0' } })
    await reader.take(3)
    await sink.publish({ data: 'live' })
    const [gap, ...rest] = await reader.take(4)
    expect(gap?.type).toBe('gap')
    expect(rest.map(({ data }) => data)).toEqual(['2', '3', 'live'])
  })

  it('sees in the id of a heartbeat how much goes to rooms it is not in, but not what', async () => {
    const scheduler = new ManualScheduler()
    const { sink, url } = await serveTestSink({ log: memoryLog(), heartbeat: { interval: '1s' }, scheduler })
    const reader = await openReader(url)
    await expect.poll(() => sink.stats().connections).toBe(1)
    for (let n = 0; n < 3; n++) await sink.publish({ data: 'private' }, { room: 'other' })
    scheduler.advance(1_000)
    await reader.until(({ interpret }) => interpret().lastEventId.endsWith('-3'))
    expect(reader.text()).not.toContain('private')
  })

  it('in a room gets its messages compressed together with those for all', async () => {
    const sink = createSink({
      compression: 'shared',
      access: () => ({ allow: true, rooms: ['alone'] }),
    })
    const { headers, body } = await sink.fetch(
      new Request('http://localhost/', { headers: { 'accept-encoding': 'gzip' } }),
    )
    expect(headers.get('content-encoding')).toBe('gzip')
    const reading = new Response(body?.pipeThrough(new DecompressionStream('gzip'))).text()
    await sink.publish({ data: 'for all' })
    await sink.publish({ data: 'for the room' }, { room: 'alone' })
    await sink.close()
    expect(await reading).toMatch(/data: for all\n\n.*data: for the room\n\n/s)
  })
})

describe('the host of a request', () => {
  const access = ({ url }: SinkRequest) =>
    url.hostname === 'live.example.com' ? ({ allow: true } as const) : ({ deny: 403 } as const)

  it('may be any unless access checks it', async () => {
    const { url } = await serveTestSink()
    expect((await openReader(url, { headers: { host: 'evil.example' } })).status).toBe(200)
    const { url: checked } = await serveTestSink({ access })
    expect((await openReader(checked, { headers: { host: 'evil.example' } })).status).toBe(403)
    expect((await openReader(checked, { headers: { host: 'live.example.com' } })).status).toBe(200)
  })
})

describe('readJson', () => {
  it.each([
    ['text/plain', 415],
    ['application/json', 200],
  ])('reads a body of any content type, so a project function refuses it: %s', async (type, status) => {
    const projects = [
      async (request: SinkRequest) => [{ data: await readJson(request) }],
      async (request: SinkRequest) => {
        if (request.headers.get('content-type') !== 'application/json') throw new RequestError(415, 'JSON')
        return [{ data: await readJson(request) }]
      },
    ]
    const statuses: number[] = []
    for (const project of projects) {
      const endpoint = streamTo(project, { methods: ['POST'], onError: () => {} })
      const headers = { 'content-type': type }
      const reader = await openReader(await serve(endpoint.handler), { method: 'POST', headers, body: '{}' })
      statuses.push(reader.status)
      await endpoint.close()
    }
    expect(statuses).toEqual([200, status])
  })
})

describe('a header that the server sets on a response', () => {
  it.each([true, false])('stays, also if the connection is taken over: %s', async (takeover) => {
    const sink = createSink({ takeover })
    const { server, url, close } = await serveSinks({ port: 0, sinks: { live: sink } })
    server.prependListener('request', (_request, response) => {
      response.setHeader('x-content-type-options', 'nosniff')
    })
    try {
      for (const path of ['/live', '/none']) {
        expect((await openReader(url + path)).headers['x-content-type-options']).toBe('nosniff')
      }
    } finally {
      await close()
    }
  })
})

describe('connections of an address', () => {
  it('are limited by a key that is the address', async () => {
    const { url } = await serveTestSink({
      limits: {
        connectionsPerKey: 1,
        key: ({ raw }) => (raw as { socket: { remoteAddress?: string } }).socket.remoteAddress,
        overload: 503,
      },
    })
    expect((await openReader(url)).status).toBe(200)
    expect((await openReader(url)).status).toBe(503)
  })
})

it('the path that `access` sees is as the client wrote it, where a router ignores case', async () => {
  const paths: string[] = []
  const sink = createTestSink({
    access({ url }) {
      paths.push(url.pathname)
      return { allow: true }
    },
  })
  const origin = await serve(express().use('/admin', sink.handler))
  expect((await openReader(`${origin}/ADMIN/`)).status).toBe(200)
  expect(paths).toEqual(['/ADMIN/'])
})
