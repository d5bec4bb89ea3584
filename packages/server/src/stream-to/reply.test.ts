import { setTimeout as sleep } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { SseMessage } from '@rxsse/shared'
import { EMPTY, NEVER, of, Subject } from 'rxjs'
import { describe, expect, it, onTestFinished } from 'vitest'
import { ADAPTERS } from '../../test/adapters.ts'
import { expectIdle } from '../../test/idle.ts'
import { openReader, type Reader } from '../../test/reader.ts'
import { serve } from '../../test/serve.ts'
import { readJson } from '../http/read-json.ts'
import { RequestError } from '../sink/errors.ts'
import { createSink } from '../sink/sink.ts'
import { reply } from './reply.ts'
import { streamTo } from './stream-to.ts'

setFlagsFromString('--expose-gc')
const collectGarbage: () => void = runInNewContext('gc')

type Project = Parameters<typeof streamTo<SseMessage>>[0]

async function readAll(reader: Reader): Promise<[status: number, type: string | undefined, body: string]> {
  await reader.ended
  return [reader.status, reader.headers['content-type'] as string | undefined, reader.text()]
}

describe.each(ADAPTERS)('over $name', ({ mount, open, http2 }) => {
  async function mountProject(project: Project) {
    const errors: unknown[] = []
    const endpoint = streamTo(project, {
      methods: ['GET', 'POST', 'DELETE'],
      onError: (error) => errors.push(error),
    })
    onTestFinished(() => endpoint.close())
    const url = await mount(endpoint)
    return { endpoint, errors, url }
  }

  it.each<[string, Parameters<typeof reply>, [number, string | undefined, string]]>([
    ['nothing', [undefined, { status: 202 }], [202, undefined, '']],
    ['nothing, without a status', [undefined], [204, undefined, '']],
    ['text', ['é'], [200, 'text/plain; charset=utf-8', 'é']],
    ['bytes', [new TextEncoder().encode('b')], [200, 'application/octet-stream', 'b']],
    ['an object', [{ a: [1] }], [200, 'application/json', '{"a":[1]}']],
    ['a list', [[1, 2], { status: 201 }], [201, 'application/json', '[1,2]']],
    ['null', [null], [200, 'application/json', 'null']],
    [
      'text of another type',
      ['<p>', { headers: { 'Content-Type': 'text/html' } }],
      [200, 'text/html', '<p>'],
    ],
  ])('reply answers with %s', async (_name, reply_, expected) => {
    const { endpoint, url } = await mountProject(() => reply(...reply_) as never)
    expect(await readAll(await open(url, { method: 'POST' }))).toEqual(expected)
    await expectIdle(endpoint)
  })

  it('reply gives a stream a status and headers', async () => {
    const { url } = await mountProject(async () =>
      reply<SseMessage>(of({ data: 1 }), { status: 201, headers: { 'Mcp-Session-Id': 's-1' } }),
    )
    const reader = await open(url, { method: 'POST' })
    expect(reader.status).toBe(201)
    expect(reader.headers['mcp-session-id']).toBe('s-1')
    expect(reader.headers['content-type']).toBe('text/event-stream')
    expect(await reader.ended).toBe('end')
    expect(reader.events()).toMatchObject([{ data: '1' }])
  })

  it('an MCP server answers a request with a stream, a notification with 202, and ends a session', async () => {
    const sessions = new Set<string>()
    const { endpoint, url } = await mountProject(async (request) => {
      const session = request.headers.get('mcp-session-id') ?? ''
      if (request.method === 'DELETE')
        return reply(undefined, { status: sessions.delete(session) ? 200 : 404 })
      const message = (await readJson(request)) as { id?: number; method: string }
      if (message.method === 'initialize') {
        sessions.add('s-1')
        const result = { jsonrpc: '2.0', id: message.id, result: {} }
        return reply<SseMessage>(of({ data: result }), { headers: { 'mcp-session-id': 's-1' } })
      }
      if (!sessions.has(session)) throw new RequestError(404, 'no such session')
      return message.id === undefined
        ? reply(undefined, { status: 202 })
        : reply({ jsonrpc: '2.0', id: message.id, result: 1 })
    })
    const post = (body: object, session?: string) =>
      open(url, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          accept: 'application/json, text/event-stream',
          ...(session === undefined ? {} : { 'mcp-session-id': session }),
        },
        body: JSON.stringify(body),
      })
    const initialized = await post({ id: 1, method: 'initialize' })
    const session = `${initialized.headers['mcp-session-id']}`
    expect(session).toBe('s-1')
    await initialized.ended
    expect(initialized.events().map(({ data }) => JSON.parse(data))).toMatchObject([{ id: 1 }])
    expect((await post({ method: 'notifications/initialized' }, session)).status).toBe(202)
    expect((await readAll(await post({ id: 2, method: 'ping' }, session)))[2]).toBe(
      '{"jsonrpc":"2.0","id":2,"result":1}',
    )
    expect((await post({ id: 3, method: 'ping' }, 'other')).status).toBe(404)
    const headers = { 'mcp-session-id': session }
    expect((await open(url, { method: 'DELETE', headers })).status).toBe(200)
    expect((await post({ id: 4, method: 'ping' }, session)).status).toBe(404)
    await expectIdle(endpoint)
  })

  it.each<[string, Parameters<typeof reply>]>([
    ['the status 99', ['x', { status: 99 }]],
    ['the status 600', ['x', { status: 600 }]],
    ['the status NaN', [of({ data: 1 }), { status: Number.NaN }]],
    ['a header of two lines', ['x', { headers: { a: 'b\r\nc: d' } }]],
    ['a header beyond Latin-1', [of({ data: 1 }), { headers: { a: 'ą' } }]],
    ['a header with a wrong name', ['x', { headers: { 'a b': 'c' } }]],
    ['a header of the framing', ['x', { headers: { 'Content-Length': '1' } }]],
    ['a header of the connection', [of({ data: 1 }), { headers: { connection: 'close' } }]],
    ['content that is not JSON', [{ n: 1n }]],
    ['content that JSON leaves out', [(() => {}) as never]],
  ])('a reply with %s is a bare 500', async (_name, reply_) => {
    const { endpoint, errors, url } = await mountProject(() => reply(...reply_) as never)
    const reader = await open(url)
    expect(reader.status).toBe(500)
    await reader.ended
    expect(reader.text()).toBe('something went wrong\n')
    expect(errors).toHaveLength(1)
    await expectIdle(endpoint)
  })

  it('no block of retry alone comes before, between or after events', async () => {
    // A reader that makes an event of every block, as OpenAI's Python client and others do.
    const blocks = (text: string) =>
      text
        .split('\n\n')
        .slice(0, -1)
        .filter((block) => /^(retry|event|data)/m.test(block) && !/^data/m.test(block))
    const source = new Subject<SseMessage>()
    const endpoint = streamTo(() => source, { retry: '2s' })
    const silent = streamTo(() => of({ data: 1 }))
    const sink = createSink({ retry: '2s' })
    onTestFinished(() => silent.close())
    const answer = await open(await mount(endpoint))
    const broadcast = await open(await mount(sink))
    await expect.poll(() => source.observed).toBe(true)
    source.next({ data: 1 })
    await sink.publish({ data: 1 })
    await answer.take(1)
    await broadcast.take(1)
    await endpoint.close()
    await sink.close()
    await Promise.all([answer.ended, broadcast.ended])
    for (const reader of [answer, broadcast]) {
      expect(blocks(reader.text())).toEqual([])
      expect(reader.interpret().retry).toBeGreaterThanOrEqual(2_000)
    }
    const plain = await open(await mount(silent))
    await plain.ended
    expect(plain.text()).not.toContain('retry')
    if (http2) expect(plain.headers.connection).toBeUndefined()
  })
})

describe('the content of a reply', () => {
  it('may be bytes in an ArrayBuffer', async () => {
    const endpoint = streamTo(() => reply(Uint8Array.of(1, 2).buffer))
    const response = await endpoint.fetch(new Request('http://localhost/'))
    expect(response.headers.get('content-type')).toBe('application/octet-stream')
    expect([...new Uint8Array(await response.arrayBuffer())]).toEqual([1, 2])
  })

  it.each<[string, () => object]>([
    ['of type Map', () => new Map([[1, 2]])],
    ['of type Response', () => new Response('x')],
    ['a promise', () => Promise.reject(new Error('not told'))],
  ])('of which JSON would keep nothing is an error: %s', async (what, create) => {
    const errors: unknown[] = []
    const endpoint = streamTo(() => reply(create()), { onError: (error) => errors.push(error) })
    const response = await endpoint.fetch(new Request('http://localhost/'))
    expect(response.status).toBe(500)
    expect(errors.map(String)).toEqual([expect.stringContaining(`the content of a reply is ${what}`)])
  })
})

describe('readJson', () => {
  it('of a body that something has read and kept to itself is an error of the server', async () => {
    const errors: unknown[] = []
    const endpoint = streamTo(async (request) => reply((await readJson(request)) as object), {
      methods: ['POST'],
      onError: (error) => errors.push(error),
    })
    const url = await serve(async (request, response) => {
      for await (const _ of request.iterator({ destroyOnReturn: false })) await sleep(0)
      endpoint.handler(request, response)
    })
    expect((await openReader(url, { method: 'POST', body: '{}' })).status).toBe(500)
    expect(errors.map(String)).toEqual([expect.stringContaining('the body was read before')])
  })
})

describe('an empty stream', () => {
  it('is 204 unless reply gives a status', async () => {
    const plain = streamTo(() => EMPTY)
    const headed = streamTo(() => reply(EMPTY, { status: 202, headers: { 'x-a': 'b' } }))
    for (const [endpoint, status] of [
      [plain, 204],
      [headed, 202],
    ] as const) {
      const response = await endpoint.fetch(new Request('http://localhost/'))
      expect(response.status).toBe(status)
      if (status === 202) expect(response.headers.get('x-a')).toBe('b')
    }
  })
})

describe('a Fetch request that nobody refers to any more', () => {
  it.each(['pending', 'open'])('is aborted all the same: %s', async (state) => {
    const source = new Subject<SseMessage>()
    const endpoint =
      state === 'open' ? streamTo(() => source) : streamTo(() => NEVER, { head: 'first-event' })
    const caller = new AbortController()
    const bodies: Response[] = []
    endpoint
      .fetch(new Request('http://localhost/', { signal: caller.signal }))
      .then((response) => bodies.push(response))
    await expect.poll(() => endpoint.stats().connections + endpoint.stats().pending).toBe(1)
    for (let n = 0; n < 5; n++) {
      collectGarbage()
      await sleep(5)
    }
    caller.abort()
    await expectIdle(endpoint)
    expect(source.observed).toBe(false)
  })
})
