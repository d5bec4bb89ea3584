import { createScriptedServer } from '@rxsse/testing'
import nodeFetch from 'node-fetch'
import { Agent, type Dispatcher, interceptors } from 'undici'
import { describe, expect, it } from 'vitest'
import { record } from '../../test/record.ts'
import { createFlowGate, fetchTransport, undiciTransport } from '../index.ts'

const soon = { initialDelay: 1, minDelay: 1, jitter: 0 } as const
const redirect = (location: string) => ({
  status: 302,
  headers: { location, 'content-type': null },
  framing: 'length' as const,
  body: [],
})

describe('what a wrapper adds', () => {
  const withToken: typeof fetch = (input, init) =>
    fetch(input, {
      ...init,
      headers: { ...init?.headers, authorization: 'Bearer hunter2', 'x-key': 'hunter2' },
    })
  const withKey = new Agent().compose((dispatch) => (options, handler) => {
    const headers = { ...(options.headers as Record<string, string>), 'x-key': 'hunter2' }
    return dispatch({ ...options, headers }, handler)
  })
  const transports = [
    ['fetch', fetchTransport({ fetch: withToken }), /the fetch option may add secrets$/],
    [
      'dispatcher',
      undiciTransport({ dispatcher: withKey }),
      /interceptors of the dispatcher may add secrets$/,
    ],
  ] as const

  it.each(transports)('to a %s reaches no other origin', async (_, transport, message) => {
    await using other = await createScriptedServer([])
    for (const path of ['', 'first']) {
      await using home = await createScriptedServer((request) =>
        redirect(request.path === '/first' ? '/second' : other.url),
      )
      const error = await record(home.url + path, { transport, reconnect: soon }).over()
      expect(error).toMatchObject({ code: 'redirect' })
      expect(error?.message).toMatch(message)
    }
    expect(other.connections).toBe(0)
  })

  it.each(transports)('to a %s reaches the same origin after a redirect', async (_, transport) => {
    await using home = await createScriptedServer([
      redirect('/there'),
      { status: 200, body: ['data: a\n\n', 'HOLD'] },
    ])
    const stream = record(home.url, { transport })
    await stream.received(1)
    expect(home.requests.map(({ headers }) => headers['x-key'])).toEqual(['hunter2', 'hunter2'])
    stream.subscription.unsubscribe()
  })
})

it('a dispatcher without interceptors follows to another origin', async () => {
  await using other = await createScriptedServer([{ status: 200, body: ['data: a\n\n', 'HOLD'] }])
  await using home = await createScriptedServer([redirect(other.url)])
  const dispatcher: Dispatcher = new Agent()
  const stream = record(home.url, {
    transport: undiciTransport({ dispatcher }),
    headers: { 'x-key': 'hunter2' },
  })
  await stream.received(1)
  expect(other.requests[0]?.headers).not.toHaveProperty('x-key')
  stream.subscription.unsubscribe()
  await dispatcher.destroy()
})

describe('a client that throws for a status', () => {
  const refusing: typeof fetch = async (input, init) => {
    const response = await fetch(input, init)
    if (response.ok || init?.redirect !== 'manual' || response.status < 400) return response
    throw Object.assign(new Error(`Request failed with status code ${response.status}`), { response })
  }
  const dispatcher = new Agent().compose(interceptors.responseError())

  it.each([
    ['fetch', fetchTransport({ fetch: refusing })],
    ['dispatcher', undiciTransport({ dispatcher })],
  ])('as a %s is told as that status, which is final or not', async (_, transport) => {
    await using server = await createScriptedServer([
      { status: 503, headers: { 'retry-after': '0', 'content-type': 'text/plain' }, body: ['busy'] },
      { status: 200, body: ['id: 1\ndata: a\n\n'] },
      { status: 401, headers: { 'content-type': 'application/json' }, body: ['{"no":1}'] },
    ])
    const stream = record(server.url, { transport, reconnect: soon })
    expect(await stream.over()).toMatchObject({ code: 'http-status', status: 401, body: '{"no":1}' })
    expect((await stream.state('waiting')).reason).toMatchObject({ status: 503, retryAfter: 0, body: 'busy' })
    expect(stream.data).toEqual(['a'])
    expect(server.requests).toHaveLength(3)
  })

  it('and that has read the body itself is told as that status', async () => {
    await using server = await createScriptedServer(() => ({ status: 401, body: ['no'] }))
    const reading: typeof fetch = async (input, init) => {
      const response = await fetch(input, init)
      throw Object.assign(new Error(await response.text()), { response })
    }
    const stream = record(server.url, { transport: fetchTransport({ fetch: reading }), reconnect: soon })
    expect(await stream.over()).toMatchObject({ code: 'http-status', status: 401, body: '' })
  })

  it('and that throws anything else has lost the connection', async () => {
    const transport = fetchTransport({ fetch: () => Promise.reject(null) })
    const stream = record('http://127.0.0.1:9/', { transport, reconnect: false })
    expect(await stream.over()).toMatchObject({ code: 'network' })
  })
})

it.each([
  ['chunked', 'END', undefined],
  ['chunked', 'RST', 'network'],
  ['length', 'END', undefined],
  ['length', 'CUT', 'network'],
  ['close', 'END', undefined],
  ['close', 'RST', 'network'],
] as const)(
  'an interceptor that holds back the end of a %s body hides no %s, and makes up none',
  async (framing, end, code) => {
    const dispatcher = new Agent().compose(
      (dispatch) => (options, handler) =>
        dispatch(options, {
          onRequestStart: (...given) => handler.onRequestStart?.(...given),
          onResponseStart: (...given) => handler.onResponseStart?.(...given),
          onResponseData: (...given) => handler.onResponseData?.(...given),
          onResponseError: (...given) => handler.onResponseError?.(...given),
          onResponseEnd: (...given) => void setTimeout(() => handler.onResponseEnd?.(...given), 20),
        }),
    )
    await using server = await createScriptedServer([
      { status: 200, framing, body: ['data: a\n\n', { sleep: 20 }, end] },
    ])
    const stream = record(server.url, { transport: undiciTransport({ dispatcher }), reconnect: false })
    expect((await stream.over())?.code).toBe(code)
    expect(stream.data).toEqual(['a'])
  },
)

describe('node-fetch', () => {
  const transport = fetchTransport({ fetch: nodeFetch as unknown as typeof fetch })

  it('is a final error that says what is missing', async () => {
    await using server = await createScriptedServer(() => ({ status: 200, body: ['data: a\n\n', 'HOLD'] }))
    const error = await record(server.url, { transport, reconnect: soon }).over()
    expect(error).toMatchObject({ code: 'request', status: 200 })
    expect(server.requests).toHaveLength(1)
    expect(await server.closed(0)).toBe('client')
  })

  it('still tells the status of a response that is no event stream', async () => {
    await using server = await createScriptedServer(() => ({ status: 401, body: ['no'] }))
    const error = await record(server.url, { transport, reconnect: soon }).over()
    expect(error).toMatchObject({ code: 'http-status', status: 401 })
  })

  it('completes on 204', async () => {
    await using server = await createScriptedServer([])
    const stream = record(server.url, { transport, reconnect: soon })
    expect(await stream.over()).toBeUndefined()
    expect(server.requests).toHaveLength(1)
  })
})

describe('a fetch that ignores the signal', () => {
  const ignoring: typeof fetch = (input, { signal: _, ...init } = {}) => fetch(input, init)
  const transport = fetchTransport({ fetch: ignoring })

  it('leaves no connection open after unsubscribing while it waits for the head', async () => {
    let respond: () => void = () => {}
    const until = new Promise<void>((resolve) => {
      respond = resolve
    })
    await using server = await createScriptedServer([
      { raw: [{ until }, 'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n', 'HOLD'] },
    ])
    const stream = record(server.url, { transport })
    await server.request(0)
    stream.subscription.unsubscribe()
    respond()
    expect(await server.closed(0)).toBe('client')
    expect(stream.statuses).toEqual(['connecting', 'closed'])
  })

  it.each(['open', 'shut'])(
    'leaves none open after unsubscribing while the gate is %s, again and again',
    async (state) => {
      await using server = await createScriptedServer(() => ({ status: 200, body: ['data: a\n\n', 'HOLD'] }))
      for (const index of [0, 1]) {
        const gate = createFlowGate({ high: 1, low: 0 })
        const stream = record(server.url, { transport, gate })
        await stream.received(1)
        if (state === 'shut') gate.acquire()
        stream.subscription.unsubscribe()
        expect(await server.closed(index)).toBe('client')
        expect(stream.data).toEqual(['a'])
      }
    },
  )

  it('leaves none open that was idle for too long, or that redirected', async () => {
    await using server = await createScriptedServer(({ path }) =>
      path === '/'
        ? { status: 302, headers: { location: '/there' }, body: ['moved', 'HOLD'] }
        : { status: 200, body: ['data: a\n\n', 'HOLD'] },
    )
    const options = { transport, timeouts: { idle: 20 }, reconnect: false } as const
    // The wrapper follows, because it overrides nothing of the request but the signal.
    expect(await record(server.url, options).over()).toMatchObject({ code: 'idle-timeout' })
    expect(await Promise.all([server.closed(0), server.closed(1)])).toEqual(['client', 'client'])
  })
})

it.each([
  ['text', 'data: a\n\n'],
  ['an ArrayBuffer', new ArrayBuffer(1)],
  ['nothing', undefined],
])('a body in pieces of %s is a final error that says so, and is cancelled', async (_, piece) => {
  let cancelled = false
  const body = new ReadableStream({
    start: (controller) => controller.enqueue(piece),
    cancel() {
      cancelled = true
    },
  })
  const headers = new Headers({ 'content-type': 'text/event-stream' })
  const response = { status: 200, headers, url: '', body } as unknown as Response
  const transport = fetchTransport({ fetch: async () => response })
  const error = await record('http://127.0.0.1:9/', { transport, reconnect: soon }).over()
  expect(error).toMatchObject({ code: 'request', status: 200 })
  expect(error?.message).toContain('its body is no web ReadableStream of Uint8Arrays')
  expect(cancelled).toBe(true)
})

it('a response without a body, and one of a fetch that knows no bodies, are told apart', async () => {
  const headers = new Headers({ 'content-type': 'text/event-stream' })
  const without = (body: null | undefined) =>
    fetchTransport({ fetch: async () => ({ status: 200, headers, url: '', body }) as unknown as Response })
  const none = record('http://127.0.0.1:9/', { transport: without(null), reconnect: false })
  expect(await none.over()).toBeUndefined()
  const unknown = record('http://127.0.0.1:9/', { transport: without(undefined), reconnect: false })
  expect(await unknown.over()).toMatchObject({ code: 'request' })
})

it.each<[string, unknown]>([
  ['undefined', undefined],
  ['null', null],
  ['text', 'data: a'],
  ['no status', { ok: true, headers: new Headers(), body: null }],
  ['no headers', { status: 200, body: null }],
  [
    'headers that cannot be iterated',
    { status: 200, headers: { get: () => 'text/event-stream' }, body: null },
  ],
])('a fetch that answers %s is a final error that says what is missing', async (_, response) => {
  let calls = 0
  const transport = fetchTransport({
    async fetch() {
      calls += 1
      return response as Response
    },
  })
  const error = await record('http://127.0.0.1:9/', { transport, reconnect: soon }).over()
  expect(error).toMatchObject({ code: 'request', status: 200 })
  expect(error?.message).toContain('what fetch answered is no Response: it needs a status')
  expect(calls).toBe(1)
})

it('a status without headers still counts', async () => {
  const transport = fetchTransport({
    fetch: async () => ({ status: 403, body: null }) as unknown as Response,
  })
  const error = await record('http://127.0.0.1:9/', { transport, reconnect: soon }).over()
  expect(error).toMatchObject({ code: 'http-status', status: 403 })
})
