import type { IncomingMessage, ServerResponse } from 'node:http'
import express from 'express'
import { describe, expect, it, onTestFinished } from 'vitest'
import { ADAPTERS } from '../../test/adapters.ts'
import { sendRaw } from '../../test/raw-request.ts'
import { serve } from '../../test/serve.ts'
import type { CorsOptions } from '../http/cors.ts'
import type { Target } from '../sink/message.ts'
import { createSink } from '../sink/sink.ts'
import type { SinkOptions } from '../sink/sink-options.ts'
import { streamTo } from '../stream-to/stream-to.ts'
import { headerRules } from './header-rules.ts'

async function readStatus(
  options: SinkOptions,
  request: { query?: string; headers?: Record<string, string> } = {},
) {
  const sink = createSink(options)
  onTestFinished(() => sink.close())
  const { query = '', headers = {} } = request
  return (await sink.fetch(new Request(`http://localhost/${query}`, { headers }))).status
}

describe('the host of a request', () => {
  /** The path that `access` sees and the path that Express routes by. */
  async function readPaths(host: string): Promise<{ seen: string; host: string; status: string }> {
    let seen: URL | undefined
    const sink = createSink({
      access: ({ url }) => {
        seen = url
        return url.pathname.startsWith('/rooms/public') ? { allow: true } : { deny: 403 }
      },
    })
    onTestFinished(() => sink.close())
    const app = express().get('/rooms/:name', (request, response) => sink.handler(request, response))
    const url = await serve(app as (request: IncomingMessage, response: ServerResponse) => void)
    const text = await sendRaw(
      url,
      `HEAD /rooms/public HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`,
    )
    return { seen: String(seen?.pathname), host: String(seen?.host), status: text.slice(9, 12) }
  }

  it.each([
    'x/rooms/secret?',
    'x/rooms/secret#',
    'x\\rooms\\secret?',
    'user@x/rooms/secret?',
    'x:80/rooms/secret?',
    'x?',
    'x#',
    'a b',
    'user@x',
    '[::1',
    'x:y',
    '%',
  ])('cannot change the path: %j', async (host) => {
    expect(await readPaths(host)).toEqual({ seen: '/rooms/public', host: 'localhost', status: '200' })
  })

  it.each([
    ['example.com', 'example.com'],
    ['example.com:8080', 'example.com:8080'],
    ['[::1]:8080', '[::1]:8080'],
    ['127.0.0.1', '127.0.0.1'],
    ['xn--bcher-kva.example', 'xn--bcher-kva.example'],
    ['under_score', 'under_score'],
  ])('is %j as it is sent', async (host, expected) => {
    expect(await readPaths(host)).toEqual({ seen: '/rooms/public', host: expected, status: '200' })
  })
})

describe.each(ADAPTERS)('over $name', ({ mount, open }) => {
  it('a query names at most 64 rooms and patterns, or what limits.queryNames says', async () => {
    const sink = createSink({ rooms: { authorize: () => true } })
    const few = createSink({ limits: { queryNames: 2 }, rooms: { authorize: () => true } })
    onTestFinished(async () => {
      await sink.close()
      await few.close()
    })
    const url = await mount(sink)
    const names = (count: number) => Array.from({ length: count }, (_, n) => `n${n}`).join(',')
    for (const query of [
      `event_type=${names(65)}`,
      `rooms=${names(65)}`,
      `rooms=${names(33)}&event_type=${names(32)}`,
    ]) {
      const reader = await open(`${url}?${query}`)
      expect(reader.status).toBe(400)
      await reader.ended
      expect(reader.text()).toBe('a query names at most 64 rooms and patterns\n')
    }
    const reader = await open(`${url}?rooms=${names(32)}&event_type=${names(32)}`)
    expect(reader.status).toBe(200)
    expect(sink.stats().opened).toBe(1)
    const fewUrl = await mount(few)
    expect((await open(`${fewUrl}?room=a&room=b&event_type=c`)).status).toBe(400)
    expect((await open(`${fewUrl}?room=a&event_type=c`)).status).toBe(200)
  })

  it('JSON clients read a stream, unless accept is strict', async () => {
    const headers = { accept: 'application/json' }
    const any = streamTo(async () => [{ data: 1 }])
    const strict = streamTo(async () => [{ data: 1 }], { accept: 'strict' })
    onTestFinished(async () => {
      await any.close()
      await strict.close()
    })
    const reader = await open(await mount(any), { headers })
    expect(reader.status).toBe(200)
    expect(reader.headers['content-type']).toBe('text/event-stream')
    expect((await open(await mount(strict), { headers })).status).toBe(406)
  })
})

describe('cors.origins', () => {
  it.each<unknown>([
    'https://app.example.com',
    ['https://app.example/'],
    ['https://app.example/path'],
    ['app.example'],
    ['https://user@app.example'],
    [1],
    null,
    undefined,
    {},
  ])('%j is refused at construction', (origins) => {
    const cors = { origins, credentials: true } as CorsOptions
    expect(() => createSink({ cors })).toThrow(TypeError)
    expect(() => createSink({ cors })).toThrow(/^cors\.origins must be /)
  })

  it.each([
    ['https://app.example.co', null],
    ['https://app.example.com.evil.example', null],
    ['https://app.example.com', 'https://app.example.com'],
    ['null', null],
  ])('are exact: %s', async (origin, allowed) => {
    const sink = createSink({ cors: { origins: ['https://app.example.com'], credentials: true } })
    onTestFinished(() => sink.close())
    const { headers } = await sink.fetch(new Request('http://localhost/', { headers: { origin } }))
    expect(headers.get('access-control-allow-origin')).toBe(allowed)
  })

  it('that are asynchronous by mistake allow nobody', async () => {
    const errors: unknown[] = []
    const origins = (async () => true) as never
    const sink = createSink({ cors: { origins }, onError: (error) => errors.push(error) })
    const { status, headers } = await sink.fetch(
      new Request('http://localhost/', { headers: { origin: 'https://evil.example' } }),
    )
    expect([status, headers.get('access-control-allow-origin')]).toEqual([500, null])
    expect(errors.map(String)).toEqual(['TypeError: cors.origins must return true or false, not a promise'])
  })
})

describe('a room whose name is a property of every object', () => {
  const members: Record<string, readonly string[]> = { orders: ['42'] }
  const rooms = {
    authorize: (_request: unknown, names: readonly string[], user: string | undefined) =>
      names.every((name) => Object.hasOwn(members, name) && members[name]?.includes(user ?? '') === true),
  }

  it.each([
    ['orders', 200],
    ['__proto__', 403],
    ['constructor', 403],
    ['board', 403],
  ])('%s is answered %i', async (room, status) => {
    expect(await readStatus({ rooms, identify: () => '42' }, { query: `?room=${room}` })).toBe(status)
  })
})

describe('a target', () => {
  it.each<unknown>([
    { room: 'a', user: 'b' },
    {},
    { room: undefined, user: undefined },
    { room: 1 },
    { user: 'a\nb' },
    null,
    'everyone',
  ])('%j is refused', async (target) => {
    const sink = createSink()
    await expect(sink.publish({ data: 1 }, target as Target)).rejects.toMatchObject({ code: 'message' })
  })

  it('with both a room and a user does not compile', () => {
    // @ts-expect-error a target is a room or a user
    const target: Target = { room: 'a', user: 'b' }
    expect(target).toBeDefined()
  })
})

describe('header rules', () => {
  const env = { KEY: 'hunter2' }

  it.each([
    ['Bearer hunter2', 200],
    ['bearer hunter2', 200],
    ['BEARER hunter2', 200],
    ['Bearer  hunter2', 200],
    ['Bearer HUNTER2', 403],
    ['Bearerhunter2', 403],
    ['Basic hunter2', 403],
    ['hunter2', 403],
    ['Bearer hunter2 x', 403],
  ])('compare a scheme without case (RFC 9110, 11.1): %j is answered %i', async (authorization, status) => {
    const access = headerRules({ authorization: { secret: 'KEY', scheme: 'Bearer' } }, { env })
    expect(await readStatus({ access }, { headers: { authorization } })).toBe(status)
  })

  it.each([
    ['hunter2', 200],
    ['hunter3', 403],
    ['other', 403],
  ])('of a list are all kept, also for one header: %j is answered %i', async (key, status) => {
    const access = headerRules(
      [
        { header: 'X-Key', rule: { secret: 'KEY' } },
        { header: 'x-key', rule: { matches: '^hunter' } },
      ],
      { env },
    )
    expect(await readStatus({ access }, { headers: { 'x-key': key } })).toBe(status)
  })
})
