import { setImmediate as endOfTick } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { referenceParse } from '@rxsse/testing'
import { describe, expect, it } from 'vitest'
import { openReader } from '../../test/reader.ts'
import { createTestSink, serveTestSink } from '../../test/serve.ts'
import { createRemoteLog, createSharedLog } from '../../test/slow-logs.ts'
import type { EventLog } from '../log/event-log.ts'
import { memoryLog } from '../log/memory-log.ts'
import type { Sink } from '../sink/sink.ts'
import type { SinkOptions } from '../sink/sink-options.ts'

const LOGS: readonly (readonly [string, (capacity?: number) => EventLog])[] = [
  ['memoryLog', (capacity = 10_000) => memoryLog({ capacity })],
  ['a remote log', (capacity = 10_000) => createRemoteLog(() => 0.4, memoryLog({ capacity }))],
  ['a shared log', () => createSharedLog(() => 0.4)],
]

function countReads(log: EventLog): { log: EventLog; reads: () => number } {
  let reads = 0
  const since: EventLog['since'] = (...args) => {
    reads++
    return log.since(...args)
  }
  return { log: { ...log, since }, reads: () => reads }
}

setFlagsFromString('--expose-gc')
const collectGarbage: () => void = runInNewContext('gc')

const latestByKey = ({ data }: { data: string }) => data.split(' ')[0]

/** The data that a newcomer gets until nothing more comes. */
async function readAll(sink: Sink, query = '', turns = 400): Promise<string[]> {
  const leaving = new AbortController()
  const request = new Request(`http://localhost/${query}`, { signal: leaving.signal })
  const reader = ((await sink.fetch(request)).body as ReadableStream<Uint8Array>).getReader()
  const chunks: Uint8Array[] = []
  const reading = (async () => {
    for (let read = await reader.read(); !read.done; read = await reader.read()) chunks.push(read.value)
  })()
  for (let turn = 0; turn < turns; turn++) await endOfTick()
  leaving.abort()
  await reading
  return referenceParse(Buffer.concat(chunks)).events.map(({ data }) => data)
}

/** Waits until it has been delivered. */
async function publishLast(sink: Sink, data: string): Promise<void> {
  const { id } = await sink.publish({ data })
  await expect.poll(() => sink.position).toBe(id)
}

describe.each(LOGS)('with %s, newcomers that get the latest of each key', (_name, open) => {
  it('cost one read of the log, however many they are, and join without a gap', async () => {
    const { log, reads } = countReads(open())
    const sink = createTestSink({ log, newcomers: { latestByKey } })
    for (let n = 1; n <= 2_560; n++) sink.next({ data: `key${n % 10} ${n}` })
    await publishLast(sink, 'key0 last')
    const all = Array.from({ length: 300 }, () => readAll(sink, '', 3_000))
    await expect.poll(() => sink.stats().connections).toBe(300)
    await expect.poll(() => sink.stats().delivered).toBe(3_000)
    await sink.publish({ data: 'key1 live' })
    const expected = [
      ...Array.from({ length: 9 }, (_, n) => `key${n + 1} ${2_551 + n}`),
      'key0 last',
      'key1 live',
    ]
    for (const events of await Promise.all(all)) expect(events).toEqual(expected)
    // 11 pages.
    expect(reads()).toBe(11)
    expect(await readAll(sink)).toEqual([...expected.slice(1)])
    // What the log has deleted since.
    expect(reads()).toBe(12)
  })

  it('see each their own: topics, rooms and users, and what `match` lets through', async () => {
    const log = open()
    const other = createTestSink({ log: log.tail === undefined ? memoryLog() : log })
    const sink = createTestSink({
      log,
      match: ['a', 'b.*'],
      newcomers: { latestByKey },
      rooms: { authorize: () => true },
      trustQueryUser: true,
    })
    await sink.publish({ type: 'a', data: 'k all' })
    await sink.publish({ type: 'a', data: 'k room' }, { room: 'r' })
    await sink.publish({ type: 'b.x', data: 'k user' }, { user: 'u' })
    if (log.tail !== undefined) await other.publish({ type: 'secret', data: 'k secret' })
    await sink.publish({ type: 'b.x', data: 'other all' })
    const [all, room, user, both, typeA, typeB] = await Promise.all(
      ['', '?room=r', '?user_id=u', '?room=r&user_id=u', '?room=r&event_type=a', '?event_type=b.*'].map(
        (query) => readAll(sink, query),
      ),
    )
    expect(all).toEqual(['k all', 'other all'])
    expect(room).toEqual(['k room', 'other all'])
    expect(user).toEqual(['k user', 'other all'])
    expect(both).toEqual(['k user', 'other all'])
    expect(typeA).toEqual(['k room'])
    expect(typeB).toEqual(['other all'])
  })

  it('get nothing for a message whose key cannot be found, and onError is told', async () => {
    const errors: unknown[] = []
    const sink = createTestSink({
      log: open(),
      newcomers: {
        latestByKey({ data }) {
          if (data === 'throws') throw new Error('no key')
          return data === 'wrong' ? ((async () => 'key')() as never) : data === 'none' ? undefined : data
        },
      },
      onError: (error) => errors.push(error),
    })
    for (const data of ['1', 'throws', 'wrong', 'none', '2']) await sink.publish({ data })
    expect(await readAll(sink)).toEqual(['1', '2'])
    const told = [{ message: 'no key' }, { message: expect.stringContaining('latestByKey must return') }]
    expect(errors).toMatchObject(told)
    expect(await readAll(sink)).toEqual(['1', '2'])
    await sink.publish({ data: 'throws' })
    await expect.poll(() => errors).toMatchObject([...told, { message: 'no key' }])
    expect(await readAll(sink)).toEqual(['1', '2'])
  })

  it('read the log themselves if the latest messages exceed maxBytes', async () => {
    for (const maxBytes of [0, 3_000]) {
      const { log, reads } = countReads(open())
      const sink = createTestSink({ log, newcomers: { latestByKey, maxBytes } })
      for (let n = 1; n <= 600; n++) sink.next({ data: `key${n % 10} ${n}` })
      await publishLast(sink, 'key0 last')
      const expected = [...Array.from({ length: 9 }, (_, n) => `key${n + 1} ${591 + n}`), 'key0 last']
      expect(await readAll(sink)).toEqual(expected)
      const before = reads()
      expect(await readAll(sink)).toEqual(expected)
      expect(reads()).toBeGreaterThan(before)
    }
  })
})

describe('newcomers that get the latest of each key', () => {
  it('get nothing that the log has deleted', async () => {
    const { log, reads } = countReads(memoryLog({ capacity: 5 }))
    const sink = createTestSink({ log, newcomers: { latestByKey } })
    await sink.publish({ data: 'rare 1' })
    for (let n = 1; n <= 4; n++) await sink.publish({ data: `often ${n}` })
    expect(await readAll(sink, '', 20)).toEqual(['rare 1', 'often 4'])
    await sink.publish({ data: 'often 5' })
    expect(await readAll(sink, '', 20)).toEqual(['often 5'])
    expect(reads()).toBe(2)
  })

  // The first are kept for them, the others are read from the log.
  it.each([20, 300])('get everything at their own pace, then the %i that came meanwhile', async (later) => {
    const { sink, url } = await serveTestSink({
      log: memoryLog(),
      newcomers: { latestByKey },
      limits: { replayBytes: 20_000 },
    })
    const value = (n: number) => `key${n} ${'x'.repeat(2_000)} ${n}`
    for (let n = 0; n < 4_000; n++) sink.next({ data: value(n) })
    const slow = await openReader(url)
    slow.pause()
    await expect.poll(() => sink.stats().behind).toBe(1)
    const quick = await openReader(url)
    await quick.until(({ tail }) => tail().endsWith(' 3999\n\n'))
    for (let n = 4_000; n < 4_000 + later; n++) {
      sink.next({ data: value(n) })
      if (n % 50 === 0) await endOfTick()
    }
    slow.resume()
    const expected = Array.from({ length: 4_000 + later }, (_, n) => value(n))
    for (const reader of [quick, slow]) {
      await reader.until(({ tail }) => tail().endsWith(` ${3_999 + later}\n\n`))
      expect(reader.events().map(({ data }) => data)).toEqual(expected)
    }
    expect(sink.stats()).toMatchObject({ skipped: 0, gaps: 0 })
  })

  it('are told of a gap if the log deletes what came while they were slow', async () => {
    const { sink, url } = await serveTestSink({
      log: memoryLog({ capacity: 1_000 }),
      newcomers: { latestByKey },
    })
    for (let n = 0; n < 1_000; n++) sink.next({ data: `key${n} ${'x'.repeat(8_000)}` })
    const reader = await openReader(url)
    reader.pause()
    await expect.poll(() => sink.stats().behind).toBe(1)
    for (let n = 0; n < 3_000; n++) sink.next({ data: `later ${n}` })
    reader.resume()
    await reader.until(({ tail }) => tail().includes('later 2999'))
    const events = reader.events()
    const gap = events.findIndex(({ type }) => type === 'gap')
    expect(events.filter(({ type }) => type === 'gap')).toHaveLength(1)
    expect(events.slice(0, gap).map(({ data }) => data.split(' ')[0])).toEqual(
      Array.from({ length: gap }, (_, n) => `key${n}`),
    )
    expect(events.slice(gap + 1).map(({ data }) => data)).toEqual(
      Array.from({ length: 1_000 }, (_, n) => `later ${2_000 + n}`),
    )
  })

  it('hold no messages while they do not read, however many they are', async () => {
    const log = memoryLog({ capacity: 200 })
    const sink = createTestSink({
      log,
      heartbeat: false,
      newcomers: { latestByKey },
      slowClient: { maxMessages: 1 },
    })
    const update = () => {
      for (let n = 0; n < 200; n++) sink.next({ data: `key${n} ${'x'.repeat(30_000)}${Math.random()}` })
    }
    const bodies: ReadableStream<Uint8Array>[] = []
    update()
    collectGarbage()
    const before = process.memoryUsage().heapUsed
    for (let n = 0; n < 30; n++) {
      const { body } = await sink.fetch(new Request('http://localhost/'))
      bodies.push(body as ReadableStream<Uint8Array>)
      for (let turn = 0; turn < 5; turn++) await endOfTick()
      update()
    }
    await endOfTick()
    collectGarbage()
    // Each of their views has 6 MB. What waits in a body is outside of the heap.
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(30_000_000)
    for (const body of bodies) await body.cancel()
  })

  it('are cut if the log cannot be read, and get everything when they come back', async () => {
    const memory = memoryLog()
    let isBroken = true
    const errors: unknown[] = []
    const options: SinkOptions = {
      log: {
        ...memory,
        since: async (...args) => {
          if (isBroken) throw new Error('broken')
          return memory.since(...args)
        },
      },
      newcomers: { latestByKey },
      onError: (error) => errors.push(error),
    }
    const { sink, url } = await serveTestSink(options)
    await sink.publish({ data: 'key 1' })
    const cut = await Promise.all([openReader(url), openReader(url)])
    for (const reader of cut) expect(await reader.ended).toBe('cut')
    expect(errors.length).toBeGreaterThan(0)
    isBroken = false
    expect((await (await openReader(url)).take(1)).map(({ data }) => data)).toEqual(['key 1'])
  })

  it('leave nothing behind if they leave while the log is read', async () => {
    const memory = memoryLog()
    let read: () => void = () => {}
    const reading = new Promise<void>((resolve) => {
      read = resolve
    })
    const { sink, url } = await serveTestSink({
      log: {
        ...memory,
        since: async (...args) => {
          await reading
          return memory.since(...args)
        },
      },
      newcomers: { latestByKey },
    })
    await sink.publish({ data: 'key 1' })
    const gone = await Promise.all([openReader(url), openReader(url)])
    const stays = await openReader(url)
    for (const reader of gone) reader.close()
    await expect.poll(() => sink.stats().connections).toBe(1)
    read()
    expect((await stays.take(1)).map(({ data }) => data)).toEqual(['key 1'])
  })
})
