import { inspect } from 'node:util'
import { createScriptedServer } from '@rxsse/testing'
import { describe, expect, it } from 'vitest'
import { connect, endless, listen, next, openSource, quiet, SOON } from '../../test/event-source.ts'
import { EventSourceError } from '../index.ts'
import type { ErrorEvent } from './error-event.ts'

describe('a connection that is lost is made again', () => {
  it('after a proper end, with the last event ID', async () => {
    const { dispatched, events, received, server } = await connect([
      { status: 200, body: ['id: é1\ndata: a\n\nid: 2\ndata: half'] },
      endless('data: b\n\n'),
    ])
    await received(5)
    expect(dispatched).toEqual([
      ['open', 1],
      ['message', 1, 'a'],
      ['error', 0, undefined],
      ['open', 1],
      ['message', 1, 'b'],
    ])
    expect(events[2]).toMatchObject({ message: undefined, error: undefined })
    expect(events[4]).toMatchObject({ lastEventId: 'é1' })
    expect(server.requests.map(({ lastEventId }) => lastEventId)).toEqual(['', 'é1'])
  })

  it('after a cut, and the event says what happened', async () => {
    // `fetch` of some runtimes drops what came right before a cut.
    let read: () => void = () => {}
    const until = new Promise<void>((resolve) => {
      read = resolve
    })
    const { dispatched, events, received, source } = await connect([
      { status: 200, body: ['data: a\n\n', { until }, 'CUT'] },
      endless(),
    ])
    source.onmessage = () => read()
    await received(4)
    expect(dispatched[2]).toEqual(['error', 0, undefined])
    const { message, error } = events[2] as ErrorEvent
    expect(message).toMatch(/^the connection failed/)
    expect(error).toBeInstanceOf(EventSourceError)
    expect(error).toMatchObject({ code: 'network' })
  })

  it('also if there never was one', async () => {
    const gone = await createScriptedServer([])
    await gone.close()
    const source = openSource(gone.url, { reconnect: SOON })
    const { dispatched, events, received } = listen(source)
    await received(2)
    expect(dispatched.slice(0, 2)).toEqual([
      ['error', 0, undefined],
      ['error', 0, undefined],
    ])
    expect((events[0] as ErrorEvent).message).toMatch(/^the connection failed: ./)
  })

  it('after the time that `retry` asks for', async () => {
    const { received, server } = await connect(
      [{ status: 200, body: ['retry: 150\ndata: a\n\n'] }, endless()],
      // Without the server's word it would be `initialDelay`.
      { reconnect: { initialDelay: '1h' } },
    )
    await received(4)
    const [first, second] = server.requests
    const gap = (second?.receivedAt ?? 0) - (first?.endedAt ?? 0)
    expect(gap).toBeGreaterThanOrEqual(145)
  })

  it.each([
    [0, 3000],
    [0.5, 3150],
  ])('three seconds later without `retry`, and up to a tenth more by chance: %d', async (random, delay) => {
    const delays: number[] = []
    const { source } = await connect([{ status: 200, body: ['data: a\n\n'] }], {
      random: () => random,
      state: { next: (state) => state.status === 'waiting' && delays.push(state.delay) },
    })
    await next(source, 'error')
    expect(delays).toEqual([delay])
  })

  it('not if a listener of `error` closes it', async () => {
    const { dispatched, received, server, source } = await connect([
      { status: 200, body: ['data: a\n\n'] },
      endless(),
    ])
    source.onerror = () => source.close()
    await received(3)
    await quiet()
    expect(source.readyState).toBe(2)
    expect(dispatched.map(([type]) => type)).toEqual(['open', 'message', 'error'])
    expect(server.requests).toHaveLength(1)
  })

  it('as `reconnect` says, which replaces the standard’s rule', async () => {
    const { dispatched, received } = await connect(
      [
        { status: 503, body: [] },
        { status: 200, body: [] },
        { status: 204, framing: 'none', body: [] },
      ],
      {
        reconnect: { ...SOON, decide: ({ error }) => (error?.status === 204 ? 'complete' : 'retry') },
      },
    )
    await received(4)
    expect(dispatched).toEqual([
      ['error', 0, 503],
      ['open', 1],
      ['error', 0, undefined],
      ['error', 2, undefined],
    ])
  })
})

describe('a connection fails for good', () => {
  it.each([204, 205, 210, 299, 401, 404, 410, 500, 503])('by status %i', async (status) => {
    const { dispatched, events, received, server } = await connect([
      { status, framing: 'none', body: [] },
      endless('data: never\n\n'),
    ])
    await received(1)
    await quiet()
    expect(dispatched).toEqual([['error', 2, status]])
    expect((events[0] as ErrorEvent).message).toBe(`the server answered ${status}`)
    expect((events[0] as ErrorEvent).error).toMatchObject({ code: 'http-status', status })
    expect(server.requests).toHaveLength(1)
  })

  it.each(['text/plain', 'x bogus', 'text/event-streams', null])('by content type %s', async (type) => {
    const { dispatched, events, received } = await connect([
      { status: 200, headers: { 'content-type': type }, body: ['data: a\n\n'] },
    ])
    await received(1)
    expect(dispatched).toEqual([['error', 2, 200]])
    expect((events[0] as ErrorEvent).message).toMatch(/not text\/event-stream$/)
  })

  it('by the end of a single response, if `reconnect` is false', async () => {
    const { dispatched, received, server } = await connect([{ status: 200, body: ['data: a\n\n'] }], {
      reconnect: false,
    })
    await received(3)
    expect(dispatched.at(-1)).toEqual(['error', 2, undefined])
    await quiet()
    expect(server.requests).toHaveLength(1)
  })

  it('by an event that is too large', async () => {
    const { dispatched, events, received } = await connect([endless(`data: ${'a'.repeat(5000)}\n\n`)], {
      maxEventSize: 1000,
    })
    await received(2)
    expect(dispatched.at(-1)).toEqual(['error', 2, undefined])
    expect((events[1] as ErrorEvent).message).toMatch(/1000 bytes/)
  })

  it('and the console prints why', async () => {
    const { events, received } = await connect([{ status: 401, body: [] }])
    await received(1)
    expect(inspect(events[0])).toBe(
      "ErrorEvent { type: 'error', code: 401, message: 'the server answered 401' }",
    )
  })
})
