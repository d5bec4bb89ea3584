import { createScriptedServer } from '@rxsse/testing'
import nodeFetch from 'node-fetch'
import { Agent, type Dispatcher } from 'undici'
import { describe, expect, it } from 'vitest'
import { record } from '../../test/record.ts'
import { fetchTransport, undiciTransport } from '../index.ts'

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

it('a response without a body, and one of a fetch that knows no bodies, are told apart', async () => {
  const headers = new Headers({ 'content-type': 'text/event-stream' })
  const without = (body: null | undefined) =>
    fetchTransport({ fetch: async () => ({ status: 200, headers, url: '', body }) as unknown as Response })
  const none = record('http://127.0.0.1:9/', { transport: without(null), reconnect: false })
  expect(await none.over()).toBeUndefined()
  const unknown = record('http://127.0.0.1:9/', { transport: without(undefined), reconnect: false })
  expect(await unknown.over()).toMatchObject({ code: 'request' })
})
