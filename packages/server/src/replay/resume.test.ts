import { describe, expect, it, onTestFinished } from 'vitest'
import { ManualScheduler } from '../../test/manual-scheduler.ts'
import { openReader } from '../../test/reader.ts'
import { serveTestSink } from '../../test/serve.ts'
import { memoryLog } from '../log/memory-log.ts'

describe('a sink with a log', () => {
  it('sends the last event ID before the first event, and with each heartbeat', async () => {
    const scheduler = new ManualScheduler()
    const { sink, url } = await serveTestSink({ log: memoryLog(), heartbeat: { interval: 1000 }, scheduler })
    const first = await sink.publish({ data: 'before' })
    const reader = await openReader(`${url}/?event_type=nothing`)
    await reader.until(({ interpret }) => interpret().lastEventId === first.id)
    const second = await sink.publish({ data: 'unseen' })
    scheduler.advance(1000)
    await reader.until(({ interpret }) => interpret().lastEventId === second.id)
    expect(reader.events()).toEqual([])
  })

  it('resumes strictly after the id of a client, without repeats, and continues live', async () => {
    const { sink, url } = await serveTestSink({ log: memoryLog() })
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

  it('reads the id from the query too, but prefers the header', async () => {
    const { sink, url } = await serveTestSink({ log: memoryLog() })
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
    const { sink, url } = await serveTestSink({ log: memoryLog() })
    await sink.publish({ data: 'old' })
    const reader = await openReader(url)
    await sink.publish({ data: 'new' })
    expect((await reader.take(1)).map(({ data }) => data)).toEqual(['new'])
  })

  it('replays only what the filter accepts', async () => {
    const { sink, url } = await serveTestSink({ log: memoryLog() })
    const { id } = await sink.publish({ data: 0 })
    for (const type of ['a', 'b', 'a']) await sink.publish({ type, data: type })
    const reader = await openReader(`${url}/?event_type=a`, { headers: { 'last-event-id': id ?? '' } })
    await sink.publish({ type: 'a', data: 'live' })
    expect((await reader.take(3)).map(({ data }) => data)).toEqual(['a', 'a', 'live'])
  })

  it('reports a gap if the log has deleted entries after the id, and replays the rest', async () => {
    const { sink, url } = await serveTestSink({ log: memoryLog({ capacity: 2 }) })
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

  it('reports a gap for an id of another epoch, and replays its entries', async () => {
    const { sink, url } = await serveTestSink({ log: memoryLog() })
    await sink.publish({ data: 1 })
    const reader = await openReader(url, { headers: { 'last-event-id': 'other-7' } })
    const [gap, event] = await reader.take(2)
    expect(JSON.parse(gap?.data ?? '')).toMatchObject({ from: 'other-7', reason: 'epoch' })
    expect(event?.data).toBe('1')
  })

  it.each([
    ['ahead of its end', (id: string) => id.replace(/-1$/, '-99'), 'ahead'],
    ['that is not its own', () => 'zażółć gęślą', 'unknown'],
  ])('reports a gap for an id %s, and continues live', async (_name, change, reason) => {
    const { sink, url } = await serveTestSink({ log: memoryLog() })
    const { id = '' } = await sink.publish({ data: 1 })
    const header = Buffer.from(change(id)).toString('latin1')
    const reader = await openReader(url, { headers: { 'last-event-id': header } })
    const [gap] = await reader.take(1)
    expect(JSON.parse(gap?.data ?? '')).toEqual({ from: change(id), to: id, reason })
    await sink.publish({ data: 'live' })
    expect((await reader.take(2))[1]?.data).toBe('live')
    expect(sink.stats().gaps).toBe(1)
  })

  it('reads the header as UTF-8', async () => {
    const { sink, url } = await serveTestSink({ log: memoryLog({ ids: 'message' }) })
    await sink.publish({ data: 1, id: 'ąę-😀' })
    await sink.publish({ data: 2, id: 'b' })
    const reader = await openReader(url, {
      headers: { 'last-event-id': Buffer.from('ąę-😀').toString('latin1') },
    })
    expect(await reader.take(1)).toEqual([{ type: 'message', data: '2', lastEventId: 'b' }])
  })

  it('does not send a message again whose source id it has', async () => {
    const { sink, url } = await serveTestSink({ log: memoryLog() })
    const reader = await openReader(url)
    const first = await sink.publish({ data: 1 }, 'all', { sourceId: 's1' })
    expect(await sink.publish({ data: 1 }, 'all', { sourceId: 's1' })).toEqual(first)
    await sink.publish({ data: 2 })
    expect((await reader.take(2)).map(({ data }) => data)).toEqual(['1', '2'])
  })

  it('resumes clients without gaps or repeats while events are published', async () => {
    const { sink, url } = await serveTestSink({ log: memoryLog() })
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
