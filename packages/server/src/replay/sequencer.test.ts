import { setImmediate as endOfTick } from 'node:timers/promises'
import { describe, expect, it, onTestFinished } from 'vitest'
import { ManualScheduler } from '../../test/manual-scheduler.ts'
import { openReader } from '../../test/reader.ts'
import { serve } from '../../test/serve.ts'
import { createRemoteLog } from '../../test/slow-logs.ts'
import { createTailedLog, type TailedLog } from '../../test/tailed-log.ts'
import type { EventLog, LogGap, LogTail } from '../log/event-log.ts'
import { memoryLog } from '../log/memory-log.ts'
import { createSink, type Sink } from '../sink/sink.ts'
import type { SinkOptions } from '../sink/sink-options.ts'

async function serveSink(options?: SinkOptions): Promise<{ sink: Sink; url: string; log: TailedLog }> {
  const log = createTailedLog()
  const sink = createSink({ log, rooms: { authorize: () => true }, ...options })
  onTestFinished(() => sink.close({ drain: 0 }))
  return { sink, url: await serve(sink.handler), log }
}

describe('a client that connects before the log is ready', () => {
  it('receives later messages once each, in the order of the log', async () => {
    const { sink, url, log } = await serveSink()
    const reader = await openReader(url)
    await sink.publish({ data: 1 })
    await sink.publish({ data: 2 })
    const late = sink.publish({ data: 3 })
    log.start()
    await late
    await reader.take(3)
    await sink.publish({ data: 4 })
    await log.deliver()
    expect((await reader.take(4)).map(({ data }) => data)).toEqual(['1', '2', '3', '4'])
    expect(sink.stats().resumed).toBe(0)
  })

  it('receives only messages for it, and the last event ID', async () => {
    const { sink, url, log } = await serveSink()
    const reader = await openReader(`${url}/?event_type=a&room=r`)
    await sink.publish({ type: 'a', data: 1 }, { room: 'other' })
    await sink.publish({ type: 'b', data: 2 })
    await sink.publish({ type: 'a', data: 3 }, { room: 'r' })
    const last = await sink.publish({ type: 'b', data: 4 })
    log.start()
    await reader.until(({ interpret }) => interpret().lastEventId === last.id)
    expect(reader.events().map(({ data }) => data)).toEqual(['3'])
  })

  it('is told of messages that were not kept for it, and receives the rest', async () => {
    const { sink, url, log } = await serveSink({ slowClient: { maxMessages: 20_000, maxBytes: 100_000_000 } })
    const reader = await openReader(url)
    for (let n = 1; n <= 10_003; n++) await sink.publish({ data: n })
    log.start()
    const [gap, ...events] = await reader.take(10_001)
    expect(gap?.type).toBe('gap')
    const epoch = (await log.head()).id.split('-')[0]
    expect(JSON.parse(gap?.data ?? '')).toEqual({
      from: `${epoch}-1`,
      to: `${epoch}-3`,
      reason: 'trimmed',
      missed: 3,
    })
    expect(events.map(({ data }) => data)).toEqual(Array.from({ length: 10_000 }, (_, n) => `${n + 4}`))
    expect(sink.stats().gaps).toBe(1)
  })

  it.each([
    ['receives everything after the position from the log, however much it is', 0, 10_003, undefined],
    ['is told of messages before the position that were not kept', 2, 10_003, { from: 1, to: 2 }],
  ])('%s', async (_, position, published, lost) => {
    const memory = memoryLog({ capacity: 20_000 })
    const epoch = (await memory.head()).id.split('-')[0]
    let startTail: (tail: LogTail) => void = () => {}
    let listen: Parameters<NonNullable<EventLog['tail']>>[0] = () => {}
    const sink = createSink({
      log: {
        ...memory,
        tail(listener) {
          listen = listener
          return new Promise((resolve) => {
            startTail = resolve
          })
        },
      },
      slowClient: { maxMessages: 20_000, maxBytes: 100_000_000 },
    })
    onTestFinished(() => sink.close({ drain: 0 }))
    const reader = await openReader(await serve(sink.handler))
    for (let n = 1; n <= published; n++) await sink.publish({ data: n })
    startTail({ position: { id: `${epoch}-${position}`, offset: position }, stop: () => {} })
    await endOfTick()
    listen((await memory.since(position, { limit: 20_000 })).entries)
    await reader.take(published - position + (lost === undefined ? 0 : 1))
    const gaps = reader.events().filter(({ type }) => type === 'gap')
    expect(gaps.map(({ data }) => JSON.parse(data))).toEqual(
      lost === undefined
        ? []
        : [{ from: `${epoch}-${lost.from}`, to: `${epoch}-${lost.to}`, reason: 'trimmed' }],
    )
    const data = reader.events().filter(({ type }) => type !== 'gap')
    expect(data.map((event) => event.data)).toEqual(
      Array.from({ length: published - position }, (_each, n) => `${n + position + 1}`),
    )
  })

  it('receives nothing from before the sink', async () => {
    const { url, log } = await serveSink()
    await log.append({ data: 'before', topic: 'message' }, 'all')
    const reader = await openReader(url)
    log.start()
    await reader.until(({ interpret }) => interpret().lastEventId !== '')
    expect(reader.events()).toEqual([])
  })

  it('receives what is published meanwhile if the log has no tail', async () => {
    const sink = createSink({ log: createRemoteLog(() => 0.9) })
    onTestFinished(() => sink.close({ drain: 0 }))
    const response = await sink.fetch(new Request('http://localhost/'))
    const published = Promise.all([1, 2, 3].map((data) => sink.publish({ data })))
    const body = response.body?.pipeThrough(new TextDecoderStream()).getReader()
    let text = ''
    while (!text.includes('data: 3')) text += (await body?.read())?.value
    expect(text.match(/data: \d/g)).toEqual(['data: 1', 'data: 2', 'data: 3'])
    await published
    await body?.cancel()
  })

  it('gets heartbeats that do not change its last event ID', async () => {
    const scheduler = new ManualScheduler()
    const { sink, url, log } = await serveSink({ heartbeat: { interval: '10s' }, scheduler })
    const { id = '' } = await sink.publish({ data: 1 })
    await sink.publish({ data: 2 })
    const reader = await openReader(url, { headers: { 'last-event-id': id } })
    await expect.poll(() => sink.stats().connections).toBe(1)
    scheduler.advance(20_000)
    await reader.until(({ text }) => text().endsWith(': keep-alive\n: keep-alive\n'))
    log.start()
    expect((await reader.take(1)).map(({ data }) => data)).toEqual(['2'])
    scheduler.advance(10_000)
    await reader.until(({ text }) => text().endsWith(`: keep-alive\nid: ${id.replace(/-1$/, '-2')}\n\n`))
  })
})

describe('a gap while clients are connected', () => {
  const createGap = async (log: TailedLog): Promise<LogGap> => ({
    reason: 'trimmed',
    from: 'before',
    to: await log.head(),
    missed: 7,
  })

  it('is sent to each of them, whatever its filter, and counted', async () => {
    const { sink, url, log } = await serveSink()
    log.start()
    const readers = [
      await openReader(url),
      await openReader(`${url}/?event_type=nothing`),
      await openReader(`${url}/?room=r`),
    ]
    await expect.poll(() => sink.stats().connections).toBe(3)
    await Promise.all(
      readers.map((reader) => reader.until(({ interpret }) => interpret().lastEventId !== '')),
    )
    const gap = await createGap(log)
    await log.deliver(gap)
    for (const reader of readers) {
      const [event] = await reader.take(1)
      expect(event).toMatchObject({ type: 'gap', lastEventId: gap.to.id })
      expect(JSON.parse(event?.data ?? '')).toEqual({
        from: 'before',
        to: gap.to.id,
        reason: 'trimmed',
        missed: 7,
      })
    }
    expect(sink.stats()).toMatchObject({ gaps: 3, delivered: 0 })
  })

  it('is sent before the entries that it comes with', async () => {
    const { sink, url, log } = await serveSink()
    log.start()
    const reader = await openReader(url)
    await reader.until(({ interpret }) => interpret().lastEventId !== '')
    const gap = await createGap(log)
    await sink.publish({ data: 1 })
    await log.deliver(gap)
    expect((await reader.take(2)).map(({ type }) => type)).toEqual(['gap', 'message'])
  })

  it('is sent once to a client that is resuming', async () => {
    const { sink, url, log } = await serveSink()
    const since = log.since
    let proceed: () => void = () => {}
    const reading = new Promise<void>((resolve) => {
      proceed = resolve
    })
    log.since = async (...args) => {
      const page = await since(...args)
      if (typeof args[0] === 'string') await reading
      return page
    }
    log.start()
    const { id = '' } = await sink.publish({ data: 1 })
    await sink.publish({ data: 2 })
    await log.deliver()
    const reader = await openReader(url, { headers: { 'last-event-id': id } })
    await expect.poll(() => sink.stats().resumed).toBe(1)
    await log.deliver(await createGap(log))
    proceed()
    await sink.publish({ data: 3 })
    await log.deliver()
    expect((await reader.take(3)).map(({ type, data }) => (type === 'gap' ? type : data))).toEqual([
      '2',
      'gap',
      '3',
    ])
    expect(sink.stats().gaps).toBe(1)
  })

  it('is not skipped for a slow client', async () => {
    const { sink, url, log } = await serveSink({ slowClient: { maxMessages: 2 } })
    log.start()
    const reader = await openReader(url)
    await reader.until(({ interpret }) => interpret().lastEventId !== '')
    reader.pause()
    const publishBig = async () => {
      await sink.publish({ type: 'big', data: 'x'.repeat(1_000_000) })
      await log.deliver()
      return sink.stats().behind
    }
    await expect.poll(publishBig, { interval: 1 }).toBe(1)
    await log.deliver(await createGap(log))
    for (let n = 0; n < 5; n++) await sink.publish({ data: n })
    await log.deliver()
    await expect.poll(() => sink.stats().skipped).toBeGreaterThanOrEqual(3)
    reader.resume()
    await reader.until(({ tail }) => tail().endsWith('data: 4\n\n'))
    const small = reader.events().filter(({ type }) => type !== 'big')
    expect(small.map(({ type, data }) => (type === 'message' ? data : type))).toEqual([
      'lagged',
      'gap',
      '3',
      '4',
    ])
  })
})

describe('a client that leaves before the log is ready', () => {
  it('is not waited for any more', async () => {
    const { sink, url, log } = await serveSink()
    await log.append({ data: 'before', topic: 'message' }, 'all')
    const readers = [await openReader(url), await openReader(url, { headers: { 'last-event-id': 'x' } })]
    await expect.poll(() => sink.stats().connections).toBe(2)
    let reads = 0
    const { since } = log
    log.since = async (...args) => {
      reads++
      return since(...args)
    }
    for (const reader of readers) reader.close()
    await expect.poll(() => sink.stats().connections).toBe(0)
    log.start()
    await expect.poll(() => sink.position).toBeDefined()
    await endOfTick()
    expect(reads).toBe(0)
  })
})
