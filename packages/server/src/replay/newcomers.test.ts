import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { openReader } from '../../test/reader.ts'
import { createTestSink, serveTestSink } from '../../test/serve.ts'
import { createRemoteLog, createSharedLog } from '../../test/slow-logs.ts'
import type { EventLog } from '../log/event-log.ts'
import { memoryLog } from '../log/memory-log.ts'
import { sqliteLog } from '../log/sqlite-log.ts'

function temporaryFile(): string {
  const folder = mkdtempSync(join(tmpdir(), 'rxsse-newcomers-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return join(folder, 'events.db')
}

const LOGS: readonly (readonly [string, (capacity?: number) => EventLog])[] = [
  ['memoryLog', (capacity = 10_000) => memoryLog({ capacity })],
  ['sqliteLog', (capacity = 10_000) => sqliteLog({ path: temporaryFile(), capacity })],
  ['a remote log', (capacity = 10_000) => createRemoteLog(() => 0.4, memoryLog({ capacity }))],
  ['a shared log', () => createSharedLog(() => 0.4)],
]

describe.each(LOGS)('with %s, a client without a last event ID', (_name, open) => {
  it("gets everything that the log keeps with newcomers 'earliest', then live events", async () => {
    const { sink, url } = await serveTestSink({ log: open(), newcomers: 'earliest' })
    for (let n = 1; n <= 700; n++) sink.next({ data: n })
    await sink.publish({ data: 701 })
    const reader = await openReader(url)
    await sink.publish({ data: 702 })
    const events = await reader.take(702)
    expect(events.map(({ data }) => data)).toEqual(Array.from({ length: 702 }, (_each, n) => `${n + 1}`))
  })

  it('gets the last messages that it may see with newcomers {last: n}, then live events', async () => {
    const { sink, url } = await serveTestSink({
      log: open(),
      newcomers: { last: 3 },
      match: ['a', 'b'],
      rooms: { authorize: () => true },
    })
    for (let n = 1; n <= 1_500; n++) {
      const target = n % 500 === 0 ? { room: 'r' } : { room: 'other' }
      sink.next({ type: 'a', data: -n })
      sink.room(target.room).next({ type: n % 2 === 0 ? 'b' : 'a', data: n })
    }
    await sink.publish({ type: 'b', data: 'x' }, { room: 'other' })
    const reader = await openReader(`${url}/?room=r&event_type=b`)
    await reader.until(({ events }) => events().length >= 3)
    await sink.publish({ type: 'b', data: 'live' })
    await reader.take(4)
    expect(reader.events().map(({ data }) => data)).toEqual(['500', '1000', '1500', 'live'])
  })

  it('gets fewer than n if there are fewer, and an id of its own', async () => {
    const { sink, url } = await serveTestSink({ log: open(), newcomers: { last: 100 } })
    await sink.publish({ data: 1 })
    const { id } = await sink.publish({ data: 2 })
    const reader = await openReader(url)
    expect((await reader.take(2)).map(({ data }) => data)).toEqual(['1', '2'])
    const other = await openReader(`${url}/?event_type=none`)
    await other.until(({ interpret }) => interpret().lastEventId === id)
    expect(other.events()).toEqual([])
  })

  it('gets the latest of each key that it may see with newcomers {latestByKey}', async () => {
    const { sink, url } = await serveTestSink({
      log: open(),
      newcomers: { latestByKey: ({ data }) => (JSON.parse(data) as { k?: string }).k },
      rooms: { authorize: () => true },
    })
    const publish = (k: string | undefined, v: number, room?: string) =>
      sink.publish({ data: { k, v } }, room === undefined ? 'all' : { room })
    for (let v = 1; v <= 300; v++) await publish('a', v)
    await publish('b', 1)
    await publish(undefined, 9)
    await publish('b', 2)
    await publish('b', 3, 'hidden')
    await publish('c', 1, 'r')
    await publish('a', 301)
    const reader = await openReader(`${url}/?room=r`)
    await reader.take(3)
    await publish('a', 302)
    expect((await reader.take(4)).map(({ data }) => JSON.parse(data))).toEqual([
      { k: 'b', v: 2 },
      { k: 'c', v: 1 },
      { k: 'a', v: 301 },
      { k: 'a', v: 302 },
    ])
  })

  it('is not told of entries that the log has deleted', async () => {
    const { sink, url } = await serveTestSink({ log: open(5), newcomers: 'earliest' })
    for (let n = 1; n <= 9; n++) await sink.publish({ data: n })
    const reader = await openReader(url)
    await reader.until(({ text }) => text().includes('data: 9'))
    expect(reader.events().filter(({ type }) => type === 'gap')).toEqual([])
    expect(reader.events().at(-1)?.data).toBe('9')
  })

  it('gets each event once while events are published', async () => {
    const { sink, url } = await serveTestSink({ log: open(), newcomers: { last: 400 } })
    let published = 0
    const publish = () => sink.publish({ data: ++published })
    for (let n = 0; n < 500; n++) await publish()
    const opened = Array.from({ length: 8 }, () => openReader(url))
    for (let n = 0; n < 300; n++) await publish()
    for (const reader of await Promise.all(opened)) {
      await reader.until(({ text }) => text().includes('data: 800\n'))
      const data = reader.events().map((event) => Number(event.data))
      expect(data.length).toBeGreaterThanOrEqual(400)
      expect(data).toEqual(data.map((_each, n) => 800 - data.length + 1 + n))
    }
  })

  it('resumes after its last event ID, whatever `newcomers` says', async () => {
    const { sink, url } = await serveTestSink({ log: open(), newcomers: 'earliest' })
    await sink.publish({ data: 1 })
    const { id = '' } = await sink.publish({ data: 2 })
    await sink.publish({ data: 3 })
    const reader = await openReader(url, { headers: { 'last-event-id': id } })
    expect((await reader.take(1)).map(({ data }) => data)).toEqual(['3'])
  })
})

describe('?lastEventId=earliest', () => {
  it('gets everything with `allowEarliest`', async () => {
    const { sink, url } = await serveTestSink({ log: memoryLog(), allowEarliest: true })
    for (const data of [1, 2]) await sink.publish({ data })
    const reader = await openReader(`${url}/?lastEventId=earliest`)
    expect((await reader.take(2)).map(({ data }) => data)).toEqual(['1', '2'])
  })

  it('is an unknown id without it', async () => {
    const { sink, url } = await serveTestSink({ log: memoryLog() })
    await sink.publish({ data: 1 })
    const reader = await openReader(`${url}/?lastEventId=earliest`)
    const [gap] = await reader.take(1)
    expect(JSON.parse(gap?.data ?? '')).toMatchObject({ reason: 'unknown', from: 'earliest' })
  })
})

describe('createSink', () => {
  it.each([
    ['something else', { newcomers: 'all' }, /^newcomers must be 'live', 'earliest'/],
    ['a count of nothing', { newcomers: { last: 0 } }, /^newcomers.last must be a whole number/],
    ['a key that is no function', { newcomers: { latestByKey: 'type' } }, /^newcomers must be/],
  ])('refuses %s as `newcomers`', (_name, options, error) => {
    expect(() => createTestSink({ log: memoryLog(), ...options } as never)).toThrow(error)
  })

  it('refuses `newcomers` without a log', () => {
    expect(() => createTestSink({ newcomers: 'earliest' })).toThrow(/without a log/)
  })

  it('refuses a page of no bytes', () => {
    expect(() => createTestSink({ limits: { replayBytes: 0 } })).toThrow(/^limits.replayBytes must be/)
  })

  it('reads a log once for newcomers that come together', async () => {
    const log = memoryLog()
    let reads = 0
    const { sink, url } = await serveTestSink({
      log: {
        ...log,
        since(...args) {
          reads++
          // Long enough that they wait for their turns.
          for (const end = performance.now() + 2; performance.now() < end; );
          return log.since(...args)
        },
      },
      newcomers: { last: 1 },
    })
    for (let n = 1; n <= 5_000; n++) sink.next({ type: n === 1 ? 'rare' : 'usual', data: n })
    const readers = await Promise.all(Array.from({ length: 20 }, () => openReader(`${url}/?event_type=rare`)))
    for (const reader of readers) {
      expect((await reader.take(1)).map(({ data }) => data)).toEqual(['1'])
    }
    // Each of them looks at 20 pages and then replays them: 800 reads if nothing was shared.
    expect(reads).toBeLessThan(300)
  })
})
