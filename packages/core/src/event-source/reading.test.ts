import { createScriptedServer } from '@rxsse/testing'
import { describe, expect, it } from 'vitest'
import { connect, endless, next, quiet } from '../../test/event-source.ts'

describe('a stream', () => {
  it('is announced by `open`, and its events are dispatched by their types', async () => {
    const { dispatched, events, received, server } = await connect([
      endless('data: a\n\nevent: price\nid: 7\ndata: b\n\nevent: other\ndata: c\n\ndata: d\n\n'),
    ])
    await received(4)
    expect(dispatched).toEqual([
      ['open', 1],
      ['message', 1, 'a'],
      ['price', 1, 'b'],
      ['message', 1, 'd'],
    ])
    expect(events[0]).not.toHaveProperty('data')
    expect(events[2]).toBeInstanceOf(MessageEvent)
    expect(events[2]).toMatchObject({
      type: 'price',
      data: 'b',
      lastEventId: '7',
      origin: server.url.slice(0, -1),
      bubbles: false,
      cancelable: false,
    })
    expect(events[3]).toMatchObject({ lastEventId: '7' })
  })

  it('asks as the standard says, with what the options add', async () => {
    const { server } = await connect([endless()], {
      method: 'POST',
      headers: { authorization: 'Bearer a' },
      body: 'q',
      lastEventId: '41',
    })
    const { method, headers, body, lastEventId } = await server.request(0)
    expect([method, body.toString(), lastEventId]).toEqual(['POST', 'q', '41'])
    expect(headers).toMatchObject({
      accept: 'text/event-stream',
      'cache-control': 'no-cache',
      authorization: 'Bearer a',
    })
  })

  it('dispatches each event in a task of its own, so that a promise settles between two', async () => {
    const { source } = await connect([endless('data: a\n\ndata: b\n\ndata: c\n\n')])
    const got: string[] = []
    // A listener that is added a few microtasks after an event is there for the next one.
    for (let count = 0; count < 3; count++) got.push((await next<MessageEvent>(source, 'message')).data)
    expect(got).toEqual(['a', 'b', 'c'])
  })

  it('ends at once if a listener closes it, also for events that have come already', async () => {
    const { dispatched, server, source } = await connect([endless('data: a\n\ndata: b\n\n')])
    source.onmessage = () => source.close()
    expect(await server.closed(0)).toBe('client')
    await quiet()
    expect(dispatched.map(([type]) => type)).toEqual(['open', 'message'])
    expect(source.readyState).toBe(2)
  })

  it('ends at once if its signal is aborted, also for events that have come already', async () => {
    const abort = new AbortController()
    const { dispatched, server, source } = await connect([endless('data: a\n\ndata: b\n\ndata: c\n\n')], {
      signal: abort.signal,
    })
    source.addEventListener('message', () => abort.abort())
    expect(await server.closed(0)).toBe('client')
    await quiet()
    expect(dispatched).toEqual([
      ['open', 1],
      ['message', 1, 'a'],
      ['error', 2, undefined],
    ])
  })

  it('closes the connection while the server still thinks', async () => {
    const { dispatched, server, source } = await connect([{ status: 200, body: ['HOLD'] }])
    await server.request(0)
    source.close()
    expect(await server.closed(0)).toBe('client')
    await quiet()
    expect(dispatched.filter(([type]) => type !== 'open')).toEqual([])
    expect(server.requests).toHaveLength(1)
  })

  it('tells observers of state and comments, and delivers the `events` that are asked for', async () => {
    const states: string[] = []
    const comments: string[] = []
    const { dispatched, received, source } = await connect(
      [endless(':hi\ndata: a\n\nevent: price\ndata: 1\n\n')],
      {
        events: ['price'],
        state: { next: ({ status }) => states.push(status) },
        comments: { next: (comment) => comments.push(comment) },
      },
    )
    await received(2)
    source.close()
    expect(dispatched).toEqual([
      ['open', 1],
      ['price', 1, '1'],
    ])
    expect([states, comments]).toEqual([['connecting', 'open', 'closed'], ['hi']])
  })
})

describe('a redirect', () => {
  it.each([301, 302, 303, 307, 308])(
    'by %i is followed, and events have the origin it leads to',
    async (status) => {
      await using other = await createScriptedServer(() => endless('data: a\n\n'))
      const { events, received, server, source } = await connect([
        { status, headers: { location: other.url, 'content-type': null }, body: [] },
      ])
      await received(2)
      expect(events[1]).toMatchObject({ origin: other.url.slice(0, -1) })
      expect(source.url).toBe(server.url)
    },
  )

  it('is asked for again by the next connection', async () => {
    const { received, server } = await connect(({ path }) =>
      path === '/'
        ? { status: 302, headers: { location: '/there' }, body: [] }
        : { status: 200, body: ['data: a\n\n'] },
    )
    await received(5)
    expect(server.requests.slice(0, 4).map(({ path }) => path)).toEqual(['/', '/there', '/', '/there'])
  })
})
