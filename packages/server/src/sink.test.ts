import { from, Subject } from 'rxjs'
import { describe, expect, it, onTestFinished } from 'vitest'
import { eventually } from '../test/eventually.ts'
import { ManualScheduler } from '../test/manual-scheduler.ts'
import { openReader } from '../test/reader.ts'
import { serve } from '../test/serve.ts'
import type { SseMessage } from './event.ts'
import { memoryLog } from './log/memory.ts'
import { createSink, type Sink } from './sink.ts'
import type { SinkOptions } from './sink-options.ts'

async function served(options?: SinkOptions): Promise<{ sink: Sink; url: string }> {
  const sink = createSink(options)
  onTestFinished(() => sink.close({ drain: 0 }))
  return { sink, url: await serve(sink.handler) }
}

describe('a sink', () => {
  it('broadcasts the messages of the pipeline it is subscribed to', async () => {
    const { sink, url } = await served()
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

  it('answers with a head that nobody stores, transforms or holds back (V11)', async () => {
    const { url } = await served()
    const { status, headers } = await openReader(url)
    expect(status).toBe(200)
    expect(headers['content-type']).toBe('text/event-stream')
    expect(headers['cache-control']).toMatch(/no-store|no-cache/)
    expect(headers['cache-control']).toContain('no-transform')
    expect(headers['x-accel-buffering']).toBe('no')
    expect(headers['content-length']).toBeUndefined()
  })

  it('sends the head and a first byte at once (V12)', async () => {
    const { url } = await served({ retry: false })
    const reader = await openReader(url)
    await reader.until(({ text }) => text() === ':\n\n')
  })

  it('tells each client a reconnection time of its own, between two seconds and four where nothing is said', async () => {
    const chances = [0, 0.5, 0.9999]
    const { url } = await served({ random: () => chances.shift() ?? 0 })
    for (const retry of [2000, 3000, 4000]) {
      const reader = await openReader(url)
      await reader.until(({ text }) => text() === `retry: ${retry}\n\n`)
    }
  })

  it('opens with the reconnection time and the greeting', async () => {
    const { url } = await served({
      retry: '3s',
      random: () => 0,
      greeting: { type: 'info', data: 'connected' },
    })
    const reader = await openReader(url)
    expect(await reader.take(1)).toEqual([{ type: 'info', data: 'connected', lastEventId: '' }])
    expect(reader.interpret().retry).toBe(3000)
  })

  it('sends all that is published in a tick in one chunk', async () => {
    const { sink, url } = await served()
    const reader = await openReader(url)
    const chunks: string[] = []
    reader.body.on('data', (chunk: Buffer) => chunks.push(chunk.toString()))
    await eventually(() => sink.stats().connections === 1)
    from([1, 2, 3].map((data) => ({ data }))).subscribe(sink)
    await reader.take(3)
    expect(chunks.at(-1)).toBe('data: 1\n\ndata: 2\n\ndata: 3\n\n')
  })

  it('streams only what matches, by topic', async () => {
    const { sink, url } = await served({ match: ['alert.*', 'news'] })
    const reader = await openReader(url)
    await sink.publish({ type: 'alert.high', data: 1 })
    await sink.publish({ type: 'alert', data: 2 })
    await sink.publish({ type: 'price', data: 3 })
    await sink.publish({ type: 'news', data: 4 })
    expect((await reader.take(2)).map(({ data }) => data)).toEqual(['1', '4'])
    expect(sink.stats()).toMatchObject({ published: 2, filtered: 2 })
  })

  it('lets a client ask for less, never for more', async () => {
    const { sink, url } = await served({ match: ['alert.*', 'news'] })
    const alerts = await openReader(`${url}/?event_type=alert.*,price`)
    const news = await openReader(`${url}/?event_type=news&event_type=alert.low`)
    for (const type of ['price', 'alert.high', 'news', 'alert.low']) await sink.publish({ type, data: type })
    expect((await alerts.take(2)).map(({ data }) => data)).toEqual(['alert.high', 'alert.low'])
    expect((await news.take(2)).map(({ data }) => data)).toEqual(['news', 'alert.low'])
  })

  it('sends the id of an event that was read elsewhere only where it changed', async () => {
    const { sink, url } = await served({ retry: false })
    const reader = await openReader(url)
    from(
      ['', '1', '1', '2'].map((lastEventId, i) => ({ type: 'message', data: `${i}`, lastEventId })),
    ).subscribe(sink)
    await reader.take(4)
    expect(reader.text()).toBe(':\n\ndata: 0\n\nid: 1\ndata: 1\n\ndata: 2\n\nid: 2\ndata: 3\n\n')
  })

  it('hands what it refuses to onRejected and never throws into the pipeline', async () => {
    const rejected: [SseMessage, unknown][] = []
    const { sink, url } = await served({ onRejected: (...args) => rejected.push(args) })
    const reader = await openReader(url)
    const bad = { type: 'a\nb', data: 'x' }
    from([bad, { data: 'good' }]).subscribe(sink)
    expect(await reader.take(1)).toMatchObject([{ data: 'good' }])
    expect(rejected).toEqual([[bad, expect.objectContaining({ code: 'message' })]])
    expect(sink.stats().rejected).toBe(1)
  })

  it("asks for each message whom it is for, with the type that readers see: 'message' where it names none", async () => {
    const { sink, url } = await served({ rooms: { authorize: () => true } })
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
    const { sink } = await served()
    await expect(sink.publish({ data: undefined })).rejects.toThrow(/message\.data is undefined/)
    await expect(sink.publish({ data: 1 }, { room: 'a\nb' })).rejects.toThrow(/target\.room has a line feed/)
    await expect(sink.publish({ data: 1 }, {} as never)).rejects.toThrow(/the target is \{\}/)
  })

  it('hands the error of a pipeline to onError, and streams on', async () => {
    const errors: unknown[] = []
    const { sink, url } = await served({ onError: (error) => errors.push(error) })
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
    const { sink, url } = await served()
    const reader = await openReader(url)
    from([{ data: 1 }]).subscribe(sink)
    await sink.publish({ data: 2 })
    await reader.take(2)
  })

  it("ends every stream when a pipeline completes with onComplete 'close', and answers 204 from then on (V15)", async () => {
    const { sink, url } = await served({ onComplete: 'close' })
    const reader = await openReader(url)
    from([{ data: 'last' }]).subscribe(sink)
    expect(await reader.ended).toBe('end')
    expect(reader.events()).toMatchObject([{ data: 'last' }])
    expect((await openReader(url)).status).toBe(204)
  })

  it('forgets a client that leaves (V14)', async () => {
    const { sink, url } = await served()
    const leaving = await openReader(url)
    const staying = await openReader(url)
    await eventually(() => sink.stats().connections === 2)
    leaving.close()
    await eventually(() => sink.stats().connections === 1)
    await sink.publish({ data: 'x' })
    await staying.take(1)
    expect(sink.stats().delivered).toBe(1)
  })
})

describe('the heartbeat of a sink', () => {
  it('comes at each interval to every client, from when there is one (V13)', async () => {
    const scheduler = new ManualScheduler()
    const { sink, url } = await served({ heartbeat: { interval: '10s' }, scheduler })
    expect(scheduler.actions).toHaveLength(0)
    const [one, other] = await Promise.all([openReader(url), openReader(url)])
    scheduler.advance(9_999)
    await sink.publish({ data: 'x' })
    await one.take(1)
    expect(one.text()).not.toContain('keep-alive')
    scheduler.advance(1)
    await one.until(({ text }) => text().endsWith(': keep-alive\n\n'))
    await other.until(({ text }) => text().endsWith(': keep-alive\n\n'))
    scheduler.advance(10_000)
    await one.until(({ text }) => text().endsWith(': keep-alive\n\n: keep-alive\n\n'))
  })

  it('leaves no timer when the last client has gone, nor after close', async () => {
    const scheduler = new ManualScheduler()
    const { sink, url } = await served({ scheduler })
    const reader = await openReader(url)
    await eventually(() => sink.stats().connections === 1)
    expect(scheduler.actions).toHaveLength(1)
    reader.close()
    await eventually(() => sink.stats().connections === 0)
    expect(scheduler.actions).toHaveLength(0)
    const another = await openReader(url)
    await sink.close()
    expect(await another.ended).toBe('end')
    expect(scheduler.actions).toHaveLength(0)
  })

  it('can be an event', async () => {
    const scheduler = new ManualScheduler()
    const { url } = await served({
      heartbeat: { interval: 1000, as: 'event', type: 'beat', data: { n: 1 } },
      scheduler,
    })
    const reader = await openReader(url)
    scheduler.advance(1000)
    expect(await reader.take(1)).toEqual([{ type: 'beat', data: '{"n":1}', lastEventId: '' }])
  })

  it('can leave out clients that something was sent to', async () => {
    const scheduler = new ManualScheduler()
    const { sink, url } = await served({
      retry: false,
      heartbeat: { interval: 1000, onlyWhenQuiet: true },
      scheduler,
    })
    const busy = await openReader(url)
    const quiet = await openReader(`${url}/?event_type=other`)
    scheduler.advance(1000)
    await sink.publish({ data: 'x' })
    await busy.take(1)
    scheduler.advance(1000)
    await quiet.until(({ text }) => text().includes('keep-alive'))
    expect(busy.text()).toBe(':\n\ndata: x\n\n')
    scheduler.advance(1000)
    await busy.until(({ text }) => text().endsWith('keep-alive\n\n'))
  })

  it('can be off', async () => {
    const scheduler = new ManualScheduler()
    const { url } = await served({ heartbeat: false, scheduler })
    await openReader(url)
    expect(scheduler.actions).toHaveLength(0)
  })

  it.each([
    [{ interval: 0 }, /heartbeat\.interval is 0/],
    [{ interval: '5 minutes' as never }, /heartbeat\.interval is '5 minutes'; give milliseconds or a time/],
    [{ as: 'ping' as never }, /heartbeat\.as is "ping"/],
    [{ type: 'a\nb' }, /message\.type has a line feed/],
  ])('is refused at once with %j', (heartbeat, text) => {
    expect(() => createSink({ heartbeat })).toThrow(text)
  })
})

describe('a sink with a log', () => {
  it('gives a client a cursor before its first event, and with each heartbeat', async () => {
    const scheduler = new ManualScheduler()
    const { sink, url } = await served({ log: memoryLog(), heartbeat: { interval: 1000 }, scheduler })
    const first = await sink.publish({ data: 'before' })
    const reader = await openReader(`${url}/?event_type=nothing`)
    await reader.until(({ interpret }) => interpret().lastEventId === first.id)
    const second = await sink.publish({ data: 'unseen' })
    scheduler.advance(1000)
    await reader.until(({ interpret }) => interpret().lastEventId === second.id)
    expect(reader.events()).toEqual([])
  })

  it('resumes strictly after the id a client has, once, and goes on live (V18)', async () => {
    const { sink, url } = await served({ log: memoryLog() })
    const ids: string[] = []
    for (let n = 0; n < 5; n++) ids.push((await sink.publish({ data: n })).id ?? '')
    const reader = await openReader(url, { headers: { 'last-event-id': ids[1] ?? '' } })
    await reader.take(3)
    await sink.publish({ data: 5 })
    await reader.take(4)
    expect(reader.events().map(({ data }) => data)).toEqual(['2', '3', '4', '5'])
    expect(
      reader
        .events()
        .map(({ lastEventId }) => lastEventId)
        .slice(0, 3),
    ).toEqual(ids.slice(2))
    expect(sink.stats().resumed).toBe(1)
  })

  it('takes the id from the query too, and believes the header first', async () => {
    const { sink, url } = await served({ log: memoryLog() })
    const one = await sink.publish({ data: 1 })
    const two = await sink.publish({ data: 2 })
    await sink.publish({ data: 3 })
    const byQuery = await openReader(`${url}/?lastEventId=${one.id}`)
    expect((await byQuery.take(2)).map(({ data }) => data)).toEqual(['2', '3'])
    const byBoth = await openReader(`${url}/?lastEventId=${one.id}`, {
      headers: { 'last-event-id': two.id ?? '' },
    })
    expect((await byBoth.take(1)).map(({ data }) => data)).toEqual(['3'])
  })

  it('sends only live events to a client without an id', async () => {
    const { sink, url } = await served({ log: memoryLog() })
    await sink.publish({ data: 'old' })
    const reader = await openReader(url)
    await sink.publish({ data: 'new' })
    expect((await reader.take(1)).map(({ data }) => data)).toEqual(['new'])
  })

  it('replays what the filter lets through', async () => {
    const { sink, url } = await served({ log: memoryLog() })
    const { id } = await sink.publish({ data: 0 })
    for (const type of ['a', 'b', 'a']) await sink.publish({ type, data: type })
    const reader = await openReader(`${url}/?event_type=a`, { headers: { 'last-event-id': id ?? '' } })
    await sink.publish({ type: 'a', data: 'live' })
    expect((await reader.take(3)).map(({ data }) => data)).toEqual(['a', 'a', 'live'])
  })

  it('tells of a gap where the log no longer holds what followed, and replays the rest', async () => {
    const { sink, url } = await served({ log: memoryLog({ capacity: 2 }) })
    const { id = '' } = await sink.publish({ data: 0 })
    for (const data of [1, 2, 3]) await sink.publish({ data })
    const reader = await openReader(url, { headers: { 'last-event-id': id } })
    const [gap, ...rest] = await reader.take(3)
    expect(gap?.type).toBe('gap')
    expect(JSON.parse(gap?.data ?? '')).toEqual({
      from: id,
      to: id.replace('-1', '-2'),
      reason: 'trimmed',
      missed: 1,
    })
    expect(gap?.lastEventId).toBe(id.replace('-1', '-2'))
    expect(rest.map(({ data }) => data)).toEqual(['2', '3'])
  })

  it('tells of a gap for an id of another epoch, and replays what it holds', async () => {
    const { sink, url } = await served({ log: memoryLog() })
    await sink.publish({ data: 1 })
    const reader = await openReader(url, { headers: { 'last-event-id': 'other-7' } })
    const [gap, event] = await reader.take(2)
    expect(JSON.parse(gap?.data ?? '')).toMatchObject({ from: 'other-7', reason: 'epoch' })
    expect(event?.data).toBe('1')
  })

  it.each([
    ['ahead of its end', (id: string) => id.replace(/-1$/, '-99'), 'ahead'],
    ['that is none of its own', () => 'zażółć gęślą', 'unknown'],
  ])('tells of a gap for an id %s, and goes on live', async (_name, change, reason) => {
    const { sink, url } = await served({ log: memoryLog() })
    const { id = '' } = await sink.publish({ data: 1 })
    const header = Buffer.from(change(id)).toString('latin1')
    const reader = await openReader(url, { headers: { 'last-event-id': header } })
    const [gap] = await reader.take(1)
    expect(JSON.parse(gap?.data ?? '')).toEqual({ from: change(id), to: id, reason })
    await sink.publish({ data: 'live' })
    expect((await reader.take(2))[1]?.data).toBe('live')
    expect(sink.stats().gaps).toBe(1)
  })

  it('reads the header as UTF-8 (V17)', async () => {
    const { sink, url } = await served({ log: memoryLog({ ids: 'message' }) })
    await sink.publish({ data: 1, id: 'ąę-😀' })
    await sink.publish({ data: 2, id: 'b' })
    const reader = await openReader(url, {
      headers: { 'last-event-id': Buffer.from('ąę-😀').toString('latin1') },
    })
    expect(await reader.take(1)).toEqual([{ type: 'message', data: '2', lastEventId: 'b' }])
  })

  it('sends a message that it has by its source id no second time', async () => {
    const { sink, url } = await served({ log: memoryLog() })
    const reader = await openReader(url)
    const first = await sink.publish({ data: 1 }, 'all', { sourceId: 's1' })
    expect(await sink.publish({ data: 1 }, 'all', { sourceId: 's1' })).toEqual(first)
    await sink.publish({ data: 2 })
    expect((await reader.take(2)).map(({ data }) => data)).toEqual(['1', '2'])
  })

  it('joins a client without gap or repeat while events come in the same tick', async () => {
    const { sink, url } = await served({ log: memoryLog() })
    const { id = '' } = await sink.publish({ data: -1 })
    let n = 0
    const publishing = setInterval(() => {
      for (let i = 0; i < 10; i++) void sink.publish({ data: n++ })
    }, 0)
    onTestFinished(() => clearInterval(publishing))
    const readers = await Promise.all(
      Array.from({ length: 20 }, () => openReader(url, { headers: { 'last-event-id': id } })),
    )
    for (const reader of readers) {
      const events = await reader.take(n + 50)
      expect(events.map(({ data }) => Number(data))).toEqual(events.map((_, i) => i))
    }
  })
})

describe('closing a sink', () => {
  it('tells each client a reconnection time of its own, and ends its stream', async () => {
    // For each at its opening, then for each at the end.
    const chances = [0.1, 0.1, 0, 0.5]
    const { sink, url } = await served({ retry: '2s', random: () => chances.shift() ?? 1 })
    const one = await openReader(url)
    const other = await openReader(url)
    await sink.publish({ data: 'last' })
    await sink.close({ drain: '5s' })
    expect(await one.ended).toBe('end')
    expect(await other.ended).toBe('end')
    expect([one.interpret().retry, other.interpret().retry]).toEqual([2000, 3000])
    expect(one.events()).toMatchObject([{ data: 'last' }])
    await expect(sink.publish({ data: 'late' })).rejects.toMatchObject({ code: 'closed' })
  })

  it('cuts clients that do not read within the drain', async () => {
    const scheduler = new ManualScheduler()
    const { sink, url } = await served({ scheduler })
    const reader = await openReader(url)
    reader.pause()
    await eventually(() => sink.stats().connections === 1)
    for (let n = 0; n < 40; n++) await sink.publish({ data: 'x'.repeat(1 << 18) })
    await eventually(() => sink.stats().behind === 1)
    const closed = sink.close({ drain: '5s' })
    scheduler.advance(5_000)
    await closed
    reader.resume()
    expect(await reader.ended).toBe('cut')
  })

  it('is the same promise when asked again', async () => {
    const { sink } = await served()
    expect(sink.close()).toBe(sink.close())
    await sink.close()
  })
})

describe('requests that get no stream (V20)', () => {
  it.each(['POST', 'PUT', 'DELETE'])('%s is not allowed', async (method) => {
    const { url } = await served()
    const reader = await openReader(url, { method })
    expect(reader.status).toBe(405)
    expect(reader.headers.allow).toBe('GET, HEAD')
  })

  it('HEAD gets the head alone', async () => {
    const { sink, url } = await served()
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
  ])('Accept: %s is answered %i', async (accept, status) => {
    const { url } = await served()
    expect((await openReader(url, { headers: { accept } })).status).toBe(status)
  })
})
