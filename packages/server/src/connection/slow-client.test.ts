import { setImmediate as endOfTick } from 'node:timers/promises'
import { describe, expect, it, onTestFinished } from 'vitest'
import { ManualScheduler } from '../../test/manual-scheduler.ts'
import { memoryLog } from '../log/memory-log.ts'
import { createSink, type Sink } from '../sink/sink.ts'
import type { SinkOptions } from '../sink/sink-options.ts'

const LARGE = 'x'.repeat(70_000)

function openSink(options?: SinkOptions): Sink {
  const sink = createSink({ heartbeat: false, retry: false, ...options })
  onTestFinished(() => sink.close({ drain: 0 }))
  return sink
}

/** A client that reads only when the test says so. */
async function openClient(sink: Sink, headers: Record<string, string> = {}, query = '') {
  const { body } = await sink.fetch(new Request(`http://localhost/${query}`, { headers }))
  const reader = (body as ReadableStream<Uint8Array>).getReader()
  return {
    cancel: () => reader.cancel(),
    /** Reads to the end. */
    async readToEnd(): Promise<string> {
      const decoder = new TextDecoder()
      for (let text = ''; ; ) {
        const { done, value } = await reader.read()
        if (done) return text
        text += decoder.decode(value, { stream: true })
      }
    },
  }
}

const parseData = (text: string) => text.match(/(?<=^data: )\S+(?= |$)/gm)

/** Sends large messages until the sink's client is behind. */
async function fillClient(sink: Sink): Promise<void> {
  await expect
    .poll(() => {
      sink.next({ data: `full ${LARGE}` })
      return sink.stats().behind
    })
    .toBe(1)
}

describe('a client that is behind', () => {
  it('gets the next page of a log after it has taken the one before', async () => {
    const log = memoryLog()
    const sink = openSink({ log })
    const { id } = await log.head()
    for (let n = 1; n <= 600; n++) await sink.publish({ data: `${n} ${'x'.repeat(500)}` })
    const client = await openClient(sink, { 'last-event-id': id })
    expect(sink.stats().behind).toBe(1)
    const all = client.readToEnd()
    await expect.poll(() => sink.stats().delivered).toBeGreaterThanOrEqual(600)
    await sink.close()
    expect(parseData(await all)).toEqual(Array.from({ length: 600 }, (_, n) => `${n + 1}`))
  })

  it('receives what waits when its stream ends, and nothing later', async () => {
    const sink = openSink({ onComplete: 'close' })
    const client = await openClient(sink)
    await fillClient(sink)
    await sink.publish({ data: 'waits' })
    sink.complete()
    sink.next({ data: 'later' })
    await endOfTick()
    const closed = sink.close()
    const data = parseData(await client.readToEnd())
    await closed
    expect(new Set(data)).toEqual(new Set(['full', 'waits']))
    expect(data?.at(-1)).toBe('waits')
  })

  it('is disconnected if its stream has ended and it reads nothing', async () => {
    const scheduler = new ManualScheduler()
    const sink = openSink({ onComplete: 'close', scheduler, slowClient: { stalledFor: '30s' } })
    const client = await openClient(sink)
    await fillClient(sink)
    sink.complete()
    scheduler.advance(29_000)
    expect(sink.stats()).toMatchObject({ connections: 1, disconnected: 0 })
    scheduler.advance(15_000)
    expect(sink.stats()).toMatchObject({ connections: 0, disconnected: 1 })
    scheduler.advance(60_000)
    expect(sink.stats().disconnected).toBe(1)
    await expect(client.readToEnd()).rejects.toThrow('the stream was cut')
  })

  it('receives the notice of skipped messages, however large, and then the rest', async () => {
    const sink = openSink({
      slowClient: { maxMessages: 1, notice: (skipped) => ({ data: `missed ${skipped} ${LARGE}` }) },
    })
    const client = await openClient(sink)
    await fillClient(sink)
    await sink.publish({ data: 'skipped' })
    await sink.publish({ data: 'kept' })
    await expect.poll(() => sink.stats().skipped).toBeGreaterThan(0)
    const all = client.readToEnd()
    await expect.poll(() => sink.stats().behind).toBe(0)
    await sink.close()
    expect(parseData(await all)?.slice(-2)).toEqual(['missed', 'kept'])
  })

  it('receives the newest message of each type if messages are coalesced', async () => {
    const sink = openSink({ slowClient: { policy: 'coalesce' } })
    const client = await openClient(sink)
    await fillClient(sink)
    for (const data of ['a1', 'a2']) await sink.publish({ type: 'a', data })
    await sink.publish({ type: 'b', data: 'b1' })
    await sink.publish({ type: 'a', data: 'a3' })
    await expect.poll(() => sink.stats().coalesced).toBeGreaterThanOrEqual(2)
    const all = client.readToEnd()
    await expect.poll(() => sink.stats().behind).toBe(0)
    await sink.close()
    expect(
      parseData(await all)
        ?.slice(-2)
        .sort(),
    ).toEqual(['a3', 'b1'])
  })
})

describe('a client that leaves', () => {
  it('while `opened` is emitted receives nothing, and `closed` follows `opened`', async () => {
    const leaving = new AbortController()
    const sink = openSink()
    const changes: string[] = []
    sink.connections$.subscribe(() => leaving.abort())
    sink.connections$.subscribe(({ type }) => changes.push(type))
    const response = await sink.fetch(new Request('http://localhost/', { signal: leaving.signal }))
    expect(changes).toEqual(['opened', 'closed'])
    expect(sink.stats().connections).toBe(0)
    sink.next({ data: 'later' })
    expect(await response.text()).not.toContain('later')
  })

  it('in the middle of a tick does not affect other clients', async () => {
    const sink = openSink({ compression: 'shared' })
    const client = await openClient(sink, { 'accept-encoding': 'gzip' })
    const other = await openClient(sink)
    await endOfTick()
    sink.next({ data: 'now' })
    await client.cancel()
    const all = other.readToEnd()
    await endOfTick()
    await sink.close()
    expect(parseData(await all)).toEqual(['now'])
  })

  it('between two pages of the log causes no further reads', async () => {
    const log = memoryLog()
    let reads = 0
    const sink = openSink({
      log: {
        ...log,
        since(...args) {
          reads++
          return log.since(...args)
        },
      },
    })
    const { id } = await log.head()
    for (let n = 1; n <= 600; n++) await sink.publish({ data: `${n} ${'x'.repeat(500)}` })
    const client = await openClient(sink, { 'last-event-id': id })
    const before = reads
    await client.cancel()
    await endOfTick()
    await endOfTick()
    expect(before).toBe(1)
    expect(reads).toBe(before)
  })
})

describe('a message', () => {
  it('that is published between two pages of a log is in the next page, once', async () => {
    const log = memoryLog()
    const sink = openSink({ log })
    const { id } = await log.head()
    for (let n = 1; n <= 300; n++) await sink.publish({ data: n })
    const client = await openClient(sink, { 'last-event-id': id })
    await sink.publish({ data: 'live' })
    const all = client.readToEnd()
    await expect.poll(() => sink.stats().delivered).toBe(301)
    await sink.close()
    const data = parseData(await all)
    expect(data?.length).toBe(301)
    expect(data?.at(-1)).toBe('live')
  })
})

describe('shared compression', () => {
  it('has at most 64 streams; clients with another filter read plain text', async () => {
    const sink = openSink({ compression: 'shared' })
    const requestCoding = async (filter: number) => {
      const headers = { 'accept-encoding': 'gzip' }
      const url = `http://localhost/?event_type=t${filter}`
      return (await sink.fetch(new Request(url, { headers }))).headers.get('content-encoding')
    }
    for (let filter = 1; filter <= 64; filter++) expect(await requestCoding(filter)).toBe('gzip')
    expect(await requestCoding(65)).toBeNull()
    expect(await requestCoding(1)).toBe('gzip')
    expect(await requestCoding(64)).toBe('gzip')
  })
})

describe('a message larger than a piece', () => {
  const HUGE = 'x'.repeat(1_000_000)

  it.each([
    ['plain', {}],
    ['compressed', { 'accept-encoding': 'gzip' }],
  ])('arrives whole and in order, %s', async (_name, headers) => {
    const sink = openSink({ compression: 'shared' })
    const { body } = await sink.fetch(new Request('http://localhost/', { headers }))
    const decoded = 'accept-encoding' in headers ? body?.pipeThrough(new DecompressionStream('gzip')) : body
    const text = new Response(decoded).text()
    for (const data of ['a', `b${HUGE}`, 'c', `d${HUGE}`, 'e']) await sink.publish({ data })
    await expect.poll(() => sink.stats().behind).toBe(0)
    await sink.close({ drain: '5s' })
    expect(parseData(await text)?.map((data) => data.slice(0, 2))).toEqual(['a', 'bx', 'c', 'dx', 'e'])
    expect((await text).split(HUGE).length).toBe(3)
  })

  it('is progress with each piece that the client takes, so a steady reader is not cut off', async () => {
    const scheduler = new ManualScheduler()
    const sink = openSink({ scheduler, slowClient: { stalledFor: '2s', maxBytes: 32_000_000 } })
    const { body } = await sink.fetch(new Request('http://localhost/'))
    const reader = (body as ReadableStream<Uint8Array>).getReader()
    sink.next({ data: 'x'.repeat(16_000_000) })
    await endOfTick()
    expect(sink.stats().behind).toBe(1)
    let read = 0
    while (read < 16_000_000) {
      read += (await reader.read()).value?.length ?? 0
      scheduler.advance(500)
    }
    expect(sink.stats()).toMatchObject({ connections: 1, disconnected: 0, skipped: 0 })
    await reader.cancel()
  })

  it('does not keep a client that takes nothing', async () => {
    const scheduler = new ManualScheduler()
    const sink = openSink({ scheduler, slowClient: { stalledFor: '2s' } })
    await openClient(sink)
    sink.next({ data: HUGE })
    await endOfTick()
    scheduler.advance(3_000)
    expect(sink.stats()).toMatchObject({ connections: 0, disconnected: 1 })
  })
})

describe("with policy 'coalesce', a client that is behind", () => {
  it('receives the newest message of each key, however large', async () => {
    const sink = openSink({ slowClient: { policy: 'coalesce', maxBytes: 1_000 } })
    const client = await openClient(sink)
    await fillClient(sink)
    for (const data of ['old', `large-a${LARGE}`]) await sink.publish({ type: 'a', data })
    await sink.publish({ type: 'b', data: `large-b${LARGE}` })
    await sink.publish({ type: 'c', data: 'c' })
    await endOfTick()
    const all = client.readToEnd()
    await expect.poll(() => sink.stats().behind).toBe(0)
    await sink.close({ drain: '5s' })
    expect(
      parseData(await all)
        ?.slice(-3)
        .map((data) => data.replace(LARGE, '')),
    ).toEqual(['large-a', 'large-b', 'c'])
    expect(sink.stats().skipped).toBe(0)
  })

  it('misses the oldest keys if there are more than `maxMessages`', async () => {
    const sink = openSink({ slowClient: { policy: 'coalesce', maxMessages: 2 } })
    const client = await openClient(sink)
    await fillClient(sink)
    for (const type of ['a', 'b', 'c', 'd']) await sink.publish({ type, data: type })
    await endOfTick()
    const all = client.readToEnd()
    await expect.poll(() => sink.stats().behind).toBe(0)
    await sink.close({ drain: '5s' })
    expect(parseData(await all)?.slice(-2)).toEqual(['c', 'd'])
    expect(sink.stats().skipped).toBeGreaterThanOrEqual(2)
  })
})
