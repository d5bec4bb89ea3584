import type { SseMessage } from '@rxsse/shared'
import { from, Subject } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { openReader } from '../../test/reader.ts'
import { serveTestSink } from '../../test/serve.ts'

describe('a sink', () => {
  it('broadcasts the messages of the pipeline it is subscribed to', async () => {
    const { sink, url } = await serveTestSink()
    const [one, other] = await Promise.all([openReader(url), openReader(url)])
    const pipeline = new Subject<SseMessage>()
    pipeline.subscribe(sink)
    pipeline.next({ type: 'price', data: { symbol: 'A' }, id: '1' })
    pipeline.next({ data: 'text' })
    const wanted = [
      { type: 'price', data: '{"symbol":"A"}', lastEventId: '1' },
      { type: 'message', data: 'text', lastEventId: '1' },
    ]
    expect(await one.take(2)).toEqual(wanted)
    expect(await other.take(2)).toEqual(wanted)
    expect(sink.stats()).toMatchObject({ connections: 2, opened: 2, published: 2, delivered: 4 })
  })

  it('sends a head that forbids storing, transforming and buffering', async () => {
    const { url } = await serveTestSink()
    const { status, headers } = await openReader(url)
    expect(status).toBe(200)
    expect(headers['content-type']).toBe('text/event-stream')
    expect(headers['cache-control']).toMatch(/no-store|no-cache/)
    expect(headers['cache-control']).toContain('no-transform')
    expect(headers['x-accel-buffering']).toBe('no')
    expect(headers['content-length']).toBeUndefined()
  })

  it('sends the head and a first byte at once', async () => {
    const { url } = await serveTestSink({ retry: false })
    const reader = await openReader(url)
    await reader.until(({ text }) => text() === ':\n')
  })

  it('tells each client a reconnection time of its own, between two and four seconds by default', async () => {
    const chances = [0, 0.5, 0.9999]
    const { url } = await serveTestSink({ random: () => chances.shift() ?? 0 })
    for (const retry of [2000, 3000, 4000]) {
      const reader = await openReader(url)
      await reader.until(({ text }) => text() === `retry: ${retry}\n`)
    }
  })

  it('opens with the reconnection time and the greeting', async () => {
    const { url } = await serveTestSink({
      retry: '3s',
      random: () => 0,
      greeting: { type: 'info', data: 'connected' },
    })
    const reader = await openReader(url)
    expect(await reader.take(1)).toEqual([{ type: 'info', data: 'connected', lastEventId: '' }])
    expect(reader.interpret().retry).toBe(3000)
  })

  it('sends all messages of a tick in one chunk', async () => {
    const { sink, url } = await serveTestSink()
    const reader = await openReader(url)
    const chunks: string[] = []
    reader.body.on('data', (chunk: Buffer) => chunks.push(chunk.toString()))
    await expect.poll(() => sink.stats().connections).toBe(1)
    from([1, 2, 3].map((data) => ({ data }))).subscribe(sink)
    await reader.take(3)
    expect(chunks.at(-1)).toBe('data: 1\n\ndata: 2\n\ndata: 3\n\n')
  })

  it('sends only messages whose topic matches', async () => {
    const { sink, url } = await serveTestSink({ match: ['alert.*', 'news'] })
    const reader = await openReader(url)
    await sink.publish({ type: 'alert.high', data: 1 })
    await sink.publish({ type: 'alert', data: 2 })
    await sink.publish({ type: 'price', data: 3 })
    await sink.publish({ type: 'news', data: 4 })
    expect((await reader.take(2)).map(({ data }) => data)).toEqual(['1', '4'])
    expect(sink.stats()).toMatchObject({ published: 2, filtered: 2 })
  })

  it('lets a client ask for fewer topics, never for more', async () => {
    const { sink, url } = await serveTestSink({ match: ['alert.*', 'news'] })
    const alerts = await openReader(`${url}/?event_type=alert.*,price`)
    const news = await openReader(`${url}/?event_type=news&event_type=alert.low`)
    for (const type of ['price', 'alert.high', 'news', 'alert.low']) await sink.publish({ type, data: type })
    expect((await alerts.take(2)).map(({ data }) => data)).toEqual(['alert.high', 'alert.low'])
    expect((await news.take(2)).map(({ data }) => data)).toEqual(['news', 'alert.low'])
  })

  it('sends the id of an event read from another stream only if it changed', async () => {
    const { sink, url } = await serveTestSink({ retry: false })
    const reader = await openReader(url)
    from(
      ['', '1', '1', '2'].map((lastEventId, i) => ({ type: 'message', data: `${i}`, lastEventId })),
    ).subscribe(sink)
    await reader.take(4)
    expect(reader.text()).toBe(':\ndata: 0\n\nid: 1\ndata: 1\n\ndata: 2\n\nid: 2\ndata: 3\n\n')
  })

  it('passes refused messages to onRejected and never throws into the pipeline', async () => {
    const rejected: [SseMessage, unknown][] = []
    const { sink, url } = await serveTestSink({ onRejected: (...args) => rejected.push(args) })
    const reader = await openReader(url)
    const bad = { type: 'a\nb', data: 'x' }
    from([bad, { data: 'good' }]).subscribe(sink)
    expect(await reader.take(1)).toMatchObject([{ data: 'good' }])
    expect(rejected).toEqual([[bad, expect.objectContaining({ code: 'message' })]])
    expect(sink.stats().rejected).toBe(1)
  })

  it("chooses the target of each message by the type that readers see: 'message' if it names none", async () => {
    const { sink, url } = await serveTestSink({ rooms: { authorize: () => true } })
    const [named, unnamed] = await Promise.all([
      openReader(`${url}/?room=order`),
      openReader(`${url}/?room=message`),
    ])
    const messages: SseMessage[] = [
      { type: 'order', data: 1 },
      { data: 2 },
      { type: '', data: 3 },
      { type: 'other', data: 4 },
    ]
    from(messages).subscribe(sink.to((m) => ({ room: m.type })))
    await sink.publish({ data: 'end' })
    expect((await named.take(2)).map(({ data }) => data)).toEqual(['1', 'end'])
    expect((await unnamed.take(3)).map(({ data }) => data)).toEqual(['2', '3', 'end'])
    expect(messages[1]).toEqual({ data: 2 })
  })

  it('rejects publish with the reason', async () => {
    const { sink } = await serveTestSink()
    await expect(sink.publish({ data: undefined })).rejects.toThrow(/message\.data is undefined/)
    await expect(sink.publish({ data: 1 }, { room: 'a\nb' })).rejects.toThrow(/target\.room has a line feed/)
    await expect(sink.publish({ data: 1 }, {} as never)).rejects.toThrow(
      /the target is an object with no keys/,
    )
  })

  it('passes the error of a pipeline to onError, and goes on', async () => {
    const errors: unknown[] = []
    const { sink, url } = await serveTestSink({ onError: (error) => errors.push(error) })
    const reader = await openReader(url)
    const pipeline = new Subject<SseMessage>()
    pipeline.subscribe(sink)
    pipeline.error(new Error('broken'))
    await sink.publish({ data: 'on' })
    await reader.take(1)
    expect(errors).toEqual([new Error('broken')])
    expect(sink.stats().sourceErrors).toBe(1)
  })

  it('stays open when a pipeline completes', async () => {
    const { sink, url } = await serveTestSink()
    const reader = await openReader(url)
    from([{ data: 1 }]).subscribe(sink)
    await sink.publish({ data: 2 })
    await reader.take(2)
  })

  it("ends every stream when a pipeline completes with onComplete 'close', and answers 204 from then on", async () => {
    const { sink, url } = await serveTestSink({ onComplete: 'close' })
    const reader = await openReader(url)
    from([{ data: 'last' }]).subscribe(sink)
    expect(await reader.ended).toBe('end')
    expect(reader.events()).toMatchObject([{ data: 'last' }])
    expect((await openReader(url)).status).toBe(204)
  })

  it("closes as usual if a pipeline completes meanwhile, with onComplete 'close'", async () => {
    const { sink, url } = await serveTestSink({ onComplete: 'close', retry: '1s' })
    const closed = sink.close({ drain: 0 })
    sink.complete()
    await closed
    expect((await openReader(url)).status).toBe(200)
  })

  it('counts the connections of each room', async () => {
    const { sink, url } = await serveTestSink({ rooms: { authorize: () => true } })
    const [first] = await Promise.all([
      openReader(`${url}?rooms=a,b`),
      openReader(`${url}?room=b`),
      openReader(url),
    ])
    expect([...sink.rooms()].sort()).toEqual([
      ['a', 1],
      ['b', 2],
    ])
    first.close()
    await expect.poll(() => [...sink.rooms()]).toEqual([['b', 1]])
  })

  it('forgets a client that leaves', async () => {
    const { sink, url } = await serveTestSink()
    const leaving = await openReader(url)
    const staying = await openReader(url)
    await expect.poll(() => sink.stats().connections).toBe(2)
    leaving.close()
    await expect.poll(() => sink.stats().connections).toBe(1)
    await sink.publish({ data: 'x' })
    await staying.take(1)
    expect(sink.stats().delivered).toBe(1)
  })
})

describe('a request without a stream in response', () => {
  it.each(['POST', 'PUT', 'DELETE'])('has the method %s, which is not allowed', async (method) => {
    const { url } = await serveTestSink()
    const reader = await openReader(url, { method })
    expect(reader.status).toBe(405)
    expect(reader.headers.allow).toBe('GET, HEAD')
  })

  it('has the method HEAD and gets only the head', async () => {
    const { sink, url } = await serveTestSink()
    const reader = await openReader(url, { method: 'HEAD' })
    expect(reader.status).toBe(200)
    expect(reader.headers['content-type']).toBe('text/event-stream')
    expect(await reader.ended).toBe('end')
    expect(sink.stats().opened).toBe(0)
  })

  it.each([
    ['application/json', 406],
    ['text/html, application/xhtml+xml', 406],
    ['text/event-stream;q=0, */*', 406],
    ['text/html, */*;q=0.1', 200],
    ['text/*', 200],
    ['TEXT/EVENT-STREAM', 200],
    ['', 200],
  ])('has Accept: %s and gets %i', async (accept, status) => {
    const { url } = await serveTestSink({ accept: 'strict' })
    expect((await openReader(url, { headers: { accept } })).status).toBe(status)
  })
})
