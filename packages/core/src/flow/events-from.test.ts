import { get, type IncomingMessage } from 'node:http'
import { Readable } from 'node:stream'
import { createScriptedServer } from '@rxsse/testing'
import { lastValueFrom, type Observable, take, toArray } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { createFlowGate, type EventSourceError, eventsFrom, type SseEvent } from '../index.ts'

const encoder = new TextEncoder()
const collect = (events: Observable<SseEvent>) => lastValueFrom(events.pipe(toArray()))
const failure = (events: Observable<SseEvent>) =>
  collect(events).then(
    () => undefined,
    (error: EventSourceError) => error,
  )

async function drain({ body }: Response): Promise<void> {
  for await (const _ of body as ReadableStream<Uint8Array> & AsyncIterable<Uint8Array>) {
    // Nothing is done with it.
  }
}

/** A byte stream that says what was pulled, and whether it was cancelled. */
function createByteStream(pieces: readonly string[]) {
  const state = { pulled: 0, cancelled: false }
  const stream = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        const piece = pieces[state.pulled++]
        if (piece === undefined) controller.close()
        else controller.enqueue(encoder.encode(piece))
      },
      cancel() {
        state.cancelled = true
      },
    },
    { highWaterMark: 0 },
  )
  return { state, stream }
}

async function* iterate(pieces: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const piece of pieces) yield encoder.encode(piece)
}

const pieces = ['\ufeffid: 1\nda', 'ta: é\n\n: c\n\neve', 'nt: b\r\ndata: b\r\n\r\n', 'id: 2\n\ndata: c\n\n']
const expected = [
  { type: 'message', data: 'é', lastEventId: '1' },
  { type: 'b', data: 'b', lastEventId: '1' },
  { type: 'message', data: 'c', lastEventId: '2' },
]

describe('events from bytes', () => {
  for (const [name, make] of [
    ['a Response', () => new Response(createByteStream(pieces).stream)],
    ['a Response of a text', () => new Response(pieces.join(''))],
    ['a ReadableStream', () => createByteStream(pieces).stream],
    ['an async iterable', () => iterate(pieces)],
    ['a stream of Node', () => Readable.from(pieces.map((piece) => Buffer.from(piece)))],
  ] as const) {
    it(`are those of ${name}`, async () => {
      expect(await collect(eventsFrom(make()))).toEqual(expected)
    })
  }

  it('are none for a Response without a body', async () => {
    expect(await collect(eventsFrom(new Response(null)))).toEqual([])
  })

  it('are those of fetch, twice', async () => {
    await using server = await createScriptedServer(() => ({ status: 200, body: pieces }))
    for (const _ of [1, 2]) {
      expect(await collect(eventsFrom(await fetch(server.url)))).toEqual(expected)
    }
  })

  it('are filtered, and end with until', async () => {
    const { state, stream } = createByteStream([
      'data: a\n\nevent: b\ndata: b\n\n',
      'event: b\ndata: c\n\n',
      'data: d\n\n',
    ])
    const events = eventsFrom(stream, { events: ['b'], until: ({ data }) => data === 'c' })
    expect((await collect(events)).map(({ data }) => data)).toEqual(['b', 'c'])
    await expect.poll(() => state).toEqual({ pulled: 2, cancelled: true })
  })

  it('cancel the rest when unsubscribed, within an event too', async () => {
    const { state, stream } = createByteStream(['data: a\n\ndata: b\n\n', 'data: c\n\n'])
    expect((await collect(eventsFrom(stream).pipe(take(1)))).map(({ data }) => data)).toEqual(['a'])
    await expect.poll(() => state).toEqual({ pulled: 1, cancelled: true })

    let returned = false
    async function* endless() {
      try {
        for (;;) yield encoder.encode('data: a\n\n')
      } finally {
        returned = true
      }
    }
    await collect(eventsFrom(endless()).pipe(take(3)))
    await expect.poll(() => returned).toBe(true)
  })

  it('are not those of a response whose body somebody else has read', async () => {
    for (const read of [(response: Response) => response.text(), (response: Response) => drain(response)]) {
      const response = new Response('data: a\n\n')
      await read(response)
      const error = await failure(eventsFrom(response))
      expect(error).toMatchObject({
        code: 'network',
        message: 'the bytes cannot be read: its body has been read already',
      })
    }
    const response = new Response('data: a\n\n')
    expect(await collect(eventsFrom(response.clone()))).toHaveLength(1)
    expect(await collect(eventsFrom(response))).toHaveLength(1)
  })

  describe('of a response of node:http', () => {
    const ask = (url: string) => new Promise<IncomingMessage>((resolve) => void get(url, resolve))

    it('are those of its body, whatever its headers are', async () => {
      await using server = await createScriptedServer([
        { status: 200, headers: { 'content-type': 'text/plain' }, body: pieces },
      ])
      expect(await collect(eventsFrom(await ask(server.url)))).toEqual(expected)
    })

    it('close the connection when unsubscribed, also while nothing comes', async () => {
      await using server = await createScriptedServer(() => ({ status: 200, body: ['data: a\n\n', 'HOLD'] }))
      for (const index of [0, 1]) {
        const data: string[] = []
        const subscription = eventsFrom(await ask(server.url)).subscribe((event) => data.push(event.data))
        await expect.poll(() => data).toEqual(['a'])
        subscription.unsubscribe()
        expect(await server.closed(index)).toBe('client')
      }
    })
  })

  it.each([
    ['a text', 'data: a\n\n'],
    ['an ArrayBuffer', encoder.encode('data: a\n\n').buffer],
    ['nothing', undefined],
  ])('that come as %s are an error that says so, and are cancelled', async (_, piece) => {
    let cancelled = false
    const stream = new ReadableStream({
      start: (controller) => controller.enqueue(piece),
      cancel() {
        cancelled = true
      },
    })
    const error = await failure(eventsFrom(stream))
    expect(error).toMatchObject({ code: 'network' })
    expect(error?.message).toMatch(/^the bytes cannot be read: its pieces must be Uint8Arrays/)
    expect(cancelled).toBe(true)
    expect((await failure(eventsFrom(Readable.from([piece ?? 5]))))?.message).toMatch(/must be Uint8Arrays/)
  })

  it('need a source of bytes', () => {
    for (const source of [
      null,
      undefined,
      'data: a\n\n',
      new Uint8Array(1),
      [new Uint8Array(1)],
      { headers: {} },
    ]) {
      expect(() => eventsFrom(source as unknown as Response)).toThrow(
        /^source must be a Response, a ReadableStream or an async iterable of bytes, not /,
      )
    }
  })

  it('are not waited for if the response is rejected', async () => {
    await using server = await createScriptedServer(() => ({
      status: 503,
      headers: { 'content-type': 'text/plain', 'retry-after': '2' },
      body: ['busy', 'HOLD'],
    }))
    const gate = createFlowGate({ high: 1 })
    for (const index of [0, 1]) {
      const error = await failure(eventsFrom(await fetch(server.url), { gate }))
      expect(error).toMatchObject({ code: 'http-status', status: 503, retryAfter: 2000 })
      expect(error?.body).toBe(index === 0 ? 'busy' : '')
      expect(await server.closed(index)).toBe('client')
      gate.acquire()
    }
  })

  it('are not pulled while the gate is shut', async () => {
    const { state, stream } = createByteStream(['data: a\n\n', 'data: b\n\n', 'data: c\n\n'])
    const gate = createFlowGate({ high: 1, low: 0 })
    const data: string[] = []
    let completed = false
    eventsFrom(stream, { gate }).subscribe({
      next(event) {
        data.push(event.data)
        gate.acquire()
      },
      complete() {
        completed = true
      },
    })
    for (let count = 1; count <= 3; count++) {
      await expect.poll(() => data.length).toBe(count)
      await new Promise((resolve) => setTimeout(resolve, 5))
      expect(state.pulled).toBe(count)
      gate.release()
    }
    await expect.poll(() => completed).toBe(true)
  })

  it('can be unsubscribed from while the gate is shut', async () => {
    const { state, stream } = createByteStream(['data: a\n\n'])
    const gate = createFlowGate({ high: 1, low: 0 })
    gate.acquire()
    const subscription = eventsFrom(stream, { gate }).subscribe()
    await new Promise((resolve) => setTimeout(resolve, 5))
    subscription.unsubscribe()
    await expect.poll(() => state).toEqual({ pulled: 0, cancelled: true })
  })

  it('are incomplete at an end inside an event, or before until', async () => {
    expect(await failure(eventsFrom(iterate(['data: a\n\ndata: b'])))).toMatchObject({ code: 'incomplete' })
    expect(await failure(eventsFrom(iterate(['data: a\n\n']), { until: () => false }))).toMatchObject({
      code: 'incomplete',
    })
    const lenient = eventsFrom(iterate(['data: a\n\ndata: b']), { deliverUnfinished: true })
    expect((await collect(lenient)).map(({ data }) => data)).toEqual(['a', 'b'])
  })

  it('may be no larger than maxEventSize', async () => {
    const { state, stream } = createByteStream(['data: a\n\n', `data: ${'x'.repeat(100)}\n\n`, 'data: b\n\n'])
    expect(await failure(eventsFrom(stream, { maxEventSize: 50 }))).toMatchObject({ code: 'event-too-large' })
    await expect.poll(() => state.cancelled).toBe(true)
    expect(() => eventsFrom(stream, { maxEventSize: 0 })).toThrow(/^maxEventSize must be/)
    expect(() => eventsFrom(stream, { until: 5 as never })).toThrow(/^until must be a function/)
    expect(() => eventsFrom(stream, { gate: true as never })).toThrow(/^gate must be an object with changes/)
    expect(() => eventsFrom(stream, { events: 'a' as unknown as string[] })).toThrow(/^events must be a list/)
  })

  it('fail with what the bytes fail with', async () => {
    const cause = new Error('cut')
    async function* cut() {
      yield encoder.encode('data: a\n\n')
      throw cause
    }
    expect(await failure(eventsFrom(cut()))).toMatchObject({ code: 'network', cause })
    const throwing = eventsFrom(iterate(['data: a\n\n']), {
      until() {
        throw cause
      },
    })
    expect(await failure(throwing)).toMatchObject({ code: 'request', message: 'until threw', cause })
  })

  it('can be read once', async () => {
    const events = eventsFrom(createByteStream(pieces).stream)
    expect(await collect(events)).toEqual(expected)
    const error = await failure(events)
    expect(error).toMatchObject({ code: 'network' })
    expect(error?.message).toMatch(/^the bytes cannot be read: .*locked/)
  })

  it('are not those of a rejected response', async () => {
    await using server = await createScriptedServer([
      { status: 429, headers: { 'retry-after': '2', 'content-type': 'text/plain' }, body: ['slow down'] },
      { status: 200, headers: { 'content-type': 'text/html' }, body: ['<p>', 'x'.repeat(5000), 'HOLD'] },
    ])
    const status = await failure(eventsFrom(await fetch(`${server.url}a?token=secret`)))
    expect(status).toMatchObject({
      code: 'http-status',
      status: 429,
      retryAfter: 2000,
      body: 'slow down',
      url: `${server.url}a`,
    })
    const type = await failure(eventsFrom(await fetch(server.url)))
    expect(type).toMatchObject({ code: 'content-type', status: 200 })
    expect(type?.body).toHaveLength(1024)
    expect(await server.closed(1)).toBe('client')
    expect(await failure(eventsFrom(new Response('no', { status: 500 })))).toMatchObject({ status: 500 })
  })

  it('a Response made by hand that says what else it is is an error, not an empty stream', async () => {
    const error = { error: { message: 'no quota' } }
    expect(await failure(eventsFrom(Response.json(error)))).toMatchObject({
      code: 'content-type',
      status: 200,
      body: JSON.stringify(error),
    })
  })
})
