import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { createResumingFeed, createScriptedServer, type Step } from '@rxsse/testing'
import { describe, expect, it } from 'vitest'
import { fetchTransport, iterateEventSource } from '../index.ts'

const soon = { initialDelay: 1, minDelay: 1, jitter: 0 } as const

describe('an iterator', () => {
  it('connects at the first pull', async () => {
    await using server = await createScriptedServer([{ status: 200, body: ['data: a\n\n', 'HOLD'] }])
    const events = iterateEventSource(server.url)
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(server.connections).toBe(0)
    expect(await events.next()).toEqual({
      done: false,
      value: { type: 'message', data: 'a', lastEventId: '' },
    })
    await events.return?.()
    expect(await server.closed(0)).toBe('client')
  })

  it('returns every event in order across reconnects, and ends with the stream', async () => {
    await using server = await createResumingFeed({
      messages: 500,
      disconnects: [
        { part: 'body', bytes: 3000, by: 'RST' },
        { part: 'body', bytes: 1000, by: 'FIN' },
      ],
    })
    const data: string[] = []
    for await (const event of iterateEventSource(server.url, {
      reconnect: soon,
      buffer: { high: 3, low: 1 },
    })) {
      data.push(event.data)
    }
    expect(data).toEqual(Array.from({ length: 500 }, (_, index) => `event ${index + 1}`))
  })

  it('closes the socket at a break', async () => {
    await using server = await createScriptedServer([
      { status: 200, body: ['data: a\n\ndata: b\n\n', 'HOLD'] },
    ])
    for await (const _ of iterateEventSource(server.url)) break
    expect(await server.closed(0)).toBe('client')
  })

  it('ends a waiting pull when return is called', async () => {
    await using server = await createScriptedServer([{ status: 200, body: ['HOLD'] }])
    const events = iterateEventSource(server.url)
    const pull = events.next()
    await server.request(0)
    expect(await events.return?.()).toEqual({ done: true, value: undefined })
    expect(await pull).toEqual({ done: true, value: undefined })
    expect(await events.next()).toEqual({ done: true, value: undefined })
    expect(await server.closed(0)).toBe('client')
    expect(server.requests).toHaveLength(1)
  })

  it('that ends before its first pull never connects', async () => {
    await using server = await createScriptedServer([])
    const events = iterateEventSource(server.url)
    await events.return?.()
    expect(await events.next()).toEqual({ done: true, value: undefined })
    expect(server.connections).toBe(0)
  })

  it('throws the error of the stream once, after its events', async () => {
    await using server = await createScriptedServer([
      { status: 200, body: ['data: a\n\ndata: b\n\n', { sleep: 20 }, 'CUT'] },
      { status: 404, body: [] },
    ])
    const events = iterateEventSource(server.url, { reconnect: soon })
    expect((await events.next()).value?.data).toBe('a')
    await server.closed(1)
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect((await events.next()).value?.data).toBe('b')
    await expect(events.next()).rejects.toMatchObject({ code: 'http-status', status: 404 })
    expect(await events.next()).toEqual({ done: true, value: undefined })
  })

  it('that is aborted hands out nothing any more', async () => {
    await using server = await createScriptedServer(() => ({
      status: 200,
      body: ['id: 1\ndata: a\n\nid: 2\ndata: b\n\nid: 3\ndata: c\n\n', 'HOLD'],
    }))
    for (const index of [0, 1]) {
      const abort = new AbortController()
      const told: string[] = []
      const cursor = { next: (id: string) => void told.push(id) }
      const events = iterateEventSource(server.url, { signal: abort.signal, cursor })
      expect((await events.next()).value?.data).toBe('a')
      abort.abort()
      await expect(events.next()).rejects.toMatchObject({ code: 'aborted' })
      expect(await events.next()).toEqual({ done: true, value: undefined })
      expect(told).toEqual(['1'])
      expect(await server.closed(index)).toBe('client')
    }
  })

  it('takes no more than linear time for a burst', async () => {
    const count = 300_000
    const body = new TextEncoder().encode('data:\n\n'.repeat(count))
    const headers = { 'content-type': 'text/event-stream' }
    const transport = fetchTransport({ fetch: async () => new Response(body, { headers }) })
    let events = 0
    for await (const _ of iterateEventSource('http://127.0.0.1:9/', { transport, reconnect: false })) events++
    expect(events).toBe(count)
    const many = iterateEventSource('http://127.0.0.1:9/', { transport, reconnect: false })
    expect(await Promise.all(Array.from({ length: count }, () => many.next()))).toHaveLength(count)
    await many.return?.()
  })

  it('may be left by its cursor observer', async () => {
    await using server = await createScriptedServer([
      { status: 200, body: ['id: 1\ndata: a\n\nid: 2\ndata: b\n\n', 'HOLD'] },
    ])
    const cursor = { next: () => void events.return?.() }
    const events = iterateEventSource(server.url, { cursor })
    expect((await events.next()).value?.data).toBe('a')
    expect(await events.next()).toEqual({ done: true, value: undefined })
    expect(await server.closed(0)).toBe('client')
  })

  it('answers simultaneous pulls in order', async () => {
    await using server = await createScriptedServer([
      { status: 200, body: ['data: a\n\n', { sleep: 20 }, 'data: b\n\n', 'END'] },
    ])
    const events = iterateEventSource(server.url, { reconnect: false })
    const results = await Promise.all([events.next(), events.next(), events.next()])
    expect(results.map(({ value }) => value?.data)).toEqual(['a', 'b', undefined])
  })

  it('tells the cursor what has been handled, and not what waits to be pulled', async () => {
    await using server = await createScriptedServer([
      {
        status: 200,
        body: [
          'id: 0\n\nid: 1\ndata: a\n\nid: 2\nevent: rare\ndata: x\n\nid: 3\ndata: b\n\nid: 4\n\n',
          'END',
        ],
      },
    ])
    const told: string[] = []
    const cursor = { next: (id: string) => void told.push(id) }
    const events = iterateEventSource(server.url, { events: ['message'], cursor, reconnect: false })
    expect((await events.next()).value?.data).toBe('a')
    await server.closed(0)
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(told).toEqual(['0'])
    expect((await events.next()).value?.data).toBe('b')
    expect(told).toEqual(['0', '2'])
    expect((await events.next()).done).toBe(true)
    expect(told).toEqual(['0', '2', '4'])
  })

  it('does not tell the cursor of an event at which the loop was left', async () => {
    await using server = await createScriptedServer([
      { status: 200, body: ['id: 1\ndata: a\n\nid: 2\ndata: b\n\n', 'HOLD'] },
    ])
    const told: string[] = []
    const cursor = { next: (id: string) => void told.push(id) }
    for await (const { data } of iterateEventSource(server.url, { cursor })) if (data === 'b') break
    expect(await server.closed(0)).toBe('client')
    expect(told).toEqual(['1'])
  })

  it('that is pulled slowly slows the server and uses constant memory', async () => {
    const blocks = `data: ${'x'.repeat(1000)}\n\n`.repeat(50)
    await using server = await createScriptedServer([
      {
        status: 200,
        body: (function* (): Generator<Step> {
          for (;;) yield blocks
        })(),
      },
    ])
    const reader = fork(fileURLToPath(new URL('../../test/slow-reader.ts', import.meta.url)), [server.url])
    const [{ grown }] = await once(reader, 'message')
    // Of 200 MB that it read. What varies is when the collector runs.
    expect(grown).toBeLessThan(80_000_000)
    // The server is ahead by what one read and the kernel hold.
    expect(server.requests[0]?.bytesSent).toBeLessThan(300_000_000)
  })
})

it('a cursor that is no observer is refused', () => {
  expect(() => iterateEventSource('http://127.0.0.1:9/', { cursor: (() => {}) as never })).toThrow(
    /^cursor must be an object with next/,
  )
})
