import { createScriptedServer } from '@rxsse/testing'
import { describe, expect, it } from 'vitest'
import { record } from '../../test/record.ts'
import type { Attempt } from '../index.ts'

const soon = { initialDelay: 1, minDelay: 1, jitter: 0 } as const

describe('url, headers and body', () => {
  it('are made for each connection: a token is refreshed after a 401', async () => {
    await using server = await createScriptedServer(({ headers }) =>
      headers.authorization === 'Bearer fresh'
        ? { status: 200, body: ['data: in\n\n', 'HOLD'] }
        : { status: 401, body: ['expired'] },
    )
    const attempts: Attempt[] = []
    const stream = record(server.url, {
      headers: async (attempt) => {
        attempts.push(attempt)
        return { authorization: attempt.previousError?.status === 401 ? 'Bearer fresh' : 'Bearer stale' }
      },
      reconnect: {
        ...soon,
        decide: ({ error, attempt }) => (error?.status === 401 && attempt === 1 ? 'retry' : 'fail'),
      },
    })
    await stream.received(1)
    stream.subscription.unsubscribe()
    expect(attempts).toEqual([
      { number: 1, lastEventId: '' },
      {
        number: 2,
        lastEventId: '',
        previousError: expect.objectContaining({ code: 'http-status', status: 401 }),
      },
    ])
  })

  it('may depend on the last event ID', async () => {
    await using server = await createScriptedServer([
      { status: 200, body: ['id: 1\ndata: a\n\n'] },
      { status: 200, body: ['HOLD'] },
    ])
    const stream = record(({ number, lastEventId }) => `${server.url}?n=${number}&id=${lastEventId}`, {
      reconnect: soon,
    })
    await server.request(1)
    expect(server.requests.map(({ path }) => path)).toEqual(['/?n=1&id=', '/?n=2&id=1'])
    stream.subscription.unsubscribe()
  })

  it('that resolve after unsubscribing send no request', async () => {
    await using server = await createScriptedServer([])
    for (const pending of ['url', 'headers', 'body'] as const) {
      let go: (value: never) => void = () => {}
      const asked: string[] = []
      const factory = (name: string, value: unknown) => () => {
        asked.push(name)
        if (name !== pending) return value as never
        return new Promise<never>((resolve) => {
          go = () => resolve(value as never)
        })
      }
      const stream = record(factory('url', server.url), {
        method: 'POST',
        headers: factory('headers', {}),
        body: factory('body', 'text'),
      })
      await expect.poll(() => asked.at(-1)).toBe(pending)
      stream.subscription.unsubscribe()
      go(undefined as never)
      await new Promise((resolve) => setTimeout(resolve, 5))
      // No further one is called.
      expect(asked.at(-1)).toBe(pending)
    }
    expect(server.connections).toBe(0)
  })

  it('leave out a header without a value', async () => {
    await using server = await createScriptedServer([{ status: 200, body: ['HOLD'] }])
    const headers = { authorization: null as unknown as undefined, 'x-a': undefined, 'x-b': '' }
    const stream = record(server.url, { headers })
    const request = await server.request(0)
    expect(request.headers).toHaveProperty('x-b', '')
    expect(request.headers).not.toHaveProperty('authorization')
    expect(request.headers).not.toHaveProperty('x-a')
    stream.subscription.unsubscribe()
  })

  it('that fail are retried like other failures', async () => {
    await using server = await createScriptedServer([{ status: 200, body: ['HOLD'] }])
    const secret = new Error('no token for hunter2')
    const stream = record(server.url, {
      headers: ({ number }) => (number === 1 ? Promise.reject(secret) : {}),
      reconnect: soon,
    })
    const { reason } = await stream.state('waiting')
    expect(reason).toMatchObject({ code: 'request', attempt: 1, cause: secret, url: server.url })
    expect(String(reason)).not.toContain('hunter2')
    await stream.state('open')
    stream.subscription.unsubscribe()
  })

  for (const [what, options] of [
    ['a header name', { headers: () => ({ 'a b': '1' }) }],
    ['a header value', { headers: () => ({ a: 'hunter2\nx' }) }],
    ['a header that undici refuses', { headers: () => ({ 'transfer-encoding': 'hunter2' }) }],
    ['a body', { method: 'POST', body: () => Promise.reject(new Error('hunter2')) }],
  ] as const) {
    it(`${what} that HTTP does not allow is reported without its value`, async () => {
      await using server = await createScriptedServer([])
      const stream = record(server.url, { ...options, reconnect: { decide: () => 'fail' } })
      const error = await stream.over()
      expect(error?.code).toBe('request')
      expect(`${error?.message} ${JSON.stringify(error)}`).not.toContain('hunter2')
      expect(server.requests).toHaveLength(0)
    })
  }

  it('omit a header whose value is undefined, and accept pairs and Headers', async () => {
    await using server = await createScriptedServer(() => ({ status: 200, body: ['HOLD'] }))
    const given = [
      { 'X-A': '1', 'x-b': undefined },
      [
        ['x-a', '1'],
        ['X-A', '2'],
      ] as const,
      new Headers({ 'x-a': '3' }),
      new Map([['x-a', '4']]).entries(),
    ]
    const streams = given.map((headers) => record(server.url, { headers }))
    await server.request(3)
    expect(server.requests.map(({ headers }) => headers['x-a']).sort()).toEqual(['1', '1, 2', '3', '4'])
    expect(server.requests.some(({ headers }) => 'x-b' in headers)).toBe(false)
    for (const { subscription } of streams) subscription.unsubscribe()
  })

  it('ask for an event stream, uncached, unless told otherwise', async () => {
    await using server = await createScriptedServer(() => ({ status: 200, body: ['HOLD'] }))
    const plain = record(server.url)
    await server.request(0)
    const own = record(server.url, {
      headers: { Accept: 'application/json, text/event-stream', 'User-Agent': 'me' },
    })
    await server.request(1)
    expect(server.requests[0]?.headers).toMatchObject({
      accept: 'text/event-stream',
      'cache-control': 'no-cache',
      'user-agent': 'rxsse',
      'accept-encoding': process.versions.node.startsWith('22.') ? 'gzip, br' : 'gzip, br, zstd',
    })
    expect(server.requests[1]?.headers).toMatchObject({
      accept: 'application/json, text/event-stream',
      'user-agent': 'me',
    })
    plain.subscription.unsubscribe()
    own.subscription.unsubscribe()
  })

  for (const [name, body, type, text] of [
    ['text', '{"q":1}', 'text/plain;charset=UTF-8', '{"q":1}'],
    ['bytes', new TextEncoder().encode('é'), undefined, 'é'],
    ['a buffer', new TextEncoder().encode('é').buffer, undefined, 'é'],
    [
      'a query',
      new URLSearchParams({ q: 'a b' }),
      'application/x-www-form-urlencoded;charset=UTF-8',
      'q=a+b',
    ],
    ['a blob', new Blob(['x'], { type: 'application/x-q' }), 'application/x-q', 'x'],
    ['a stream', () => new Blob(['streamed']).stream(), undefined, 'streamed'],
    ['nothing', () => undefined, undefined, ''],
  ] as const) {
    it(`${name} as the body of a POST`, async () => {
      await using server = await createScriptedServer([{ status: 200, body: ['data: a\n\n'] }])
      const stream = record(server.url, { method: 'post', body })
      expect(await stream.over()).toBeUndefined()
      expect(server.requests[0]).toMatchObject({ method: 'POST', body: Buffer.from(text) })
      // A charset is the same in any case, and not every runtime's is in the same.
      expect(server.requests[0]?.headers['content-type']?.toLowerCase()).toBe(type?.toLowerCase())
    })
  }

  it('text from a function, as the body of each POST', async () => {
    await using server = await createScriptedServer([{ status: 200, body: ['data: a\n\n'] }])
    const stream = record(server.url, { method: 'POST', body: async ({ number }) => `try ${number}` })
    expect(await stream.over()).toBeUndefined()
    expect(server.requests[0]).toMatchObject({ body: Buffer.from('try 1') })
    expect(server.requests[0]?.headers['content-type']?.toLowerCase()).toBe('text/plain;charset=utf-8')
  })

  it('a form as the body of a POST, and a content type of the caller’s', async () => {
    await using server = await createScriptedServer(() => ({ status: 200, body: [] }))
    const form = new FormData()
    form.set('q', '1')
    await record(server.url, { method: 'POST', body: form }).over()
    expect(server.requests[0]?.headers['content-type']).toMatch(/^multipart\/form-data; boundary=/)
    expect(server.requests[0]?.body.toString()).toContain('name="q"')
    await record(server.url, {
      method: 'POST',
      body: '{}',
      headers: { 'Content-Type': 'application/json' },
    }).over()
    expect(server.requests[1]?.headers['content-type']).toBe('application/json')
  })
})
