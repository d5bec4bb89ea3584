import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it, onTestFinished } from 'vitest'
import { ManualScheduler } from '../../test/manual-scheduler.ts'
import { memoryLog } from '../log/memory-log.ts'
import { createSink, type Sink } from '../sink/sink.ts'
import type { SinkOptions } from '../sink/sink-options.ts'

const LARGE = 'x'.repeat(70_000)

function opened(options?: SinkOptions): Sink {
  const sink = createSink({ heartbeat: false, retry: false, ...options })
  onTestFinished(() => sink.close({ drain: 0 }))
  return sink
}

/** A client that reads when it is told to. */
async function clientOf(sink: Sink, headers: Record<string, string> = {}, query = '') {
  const { body } = await sink.fetch(new Request(`http://localhost/${query}`, { headers }))
  const reader = (body as ReadableStream<Uint8Array>).getReader()
  return {
    cancel: () => reader.cancel(),
    /** Everything, to the end. */
    async rest(): Promise<string> {
      const decoder = new TextDecoder()
      for (let text = ''; ; ) {
        const { done, value } = await reader.read()
        if (done) return text
        text += decoder.decode(value, { stream: true })
      }
    },
  }
}

const dataOf = (text: string) => text.match(/(?<=^data: )\S+(?= |$)/gm)

async function fall(sink: Sink, behind = 1): Promise<void> {
  await expect
    .poll(() => {
      sink.next({ data: `full ${LARGE}` })
      return sink.stats().behind === behind
    })
    .toBe(true)
}

describe('a client that has fallen behind', () => {
  it('gets the next page of a log when it has taken the one before', async () => {
    const log = memoryLog()
    const sink = opened({ log })
    const { id } = await log.head()
    for (let n = 1; n <= 600; n++) await sink.publish({ data: `${n} ${'x'.repeat(500)}` })
    const client = await clientOf(sink, { 'last-event-id': id })
    expect(sink.stats().behind).toBe(1)
    const all = client.rest()
    await expect.poll(() => sink.stats().delivered).toBeGreaterThanOrEqual(600)
    await sink.close()
    expect(dataOf(await all)).toEqual(Array.from({ length: 600 }, (_, n) => `${n + 1}`))
  })

  it('and whose stream has ended meanwhile gets what was there, nothing later, and ends once', async () => {
    const sink = opened({ onComplete: 'close' })
    const client = await clientOf(sink)
    await fall(sink)
    await sink.publish({ data: 'waits' })
    sink.complete()
    sink.next({ data: 'later' })
    await sleep(1)
    const closed = sink.close()
    const data = dataOf(await client.rest())
    await closed
    expect(new Set(data)).toEqual(new Set(['full', 'waits']))
    expect(data?.at(-1)).toBe('waits')
  })

  it('and whose stream has ended is cut off when it takes nothing of what was there', async () => {
    const scheduler = new ManualScheduler()
    const sink = opened({ onComplete: 'close', scheduler, slowClient: { stalledFor: '30s' } })
    const client = await clientOf(sink)
    await fall(sink)
    sink.complete()
    scheduler.advance(29_000)
    expect(sink.stats()).toMatchObject({ connections: 1, disconnected: 0 })
    scheduler.advance(15_000)
    expect(sink.stats()).toMatchObject({ connections: 0, disconnected: 1 })
    scheduler.advance(60_000)
    expect(sink.stats().disconnected).toBe(1)
    await expect(client.rest()).rejects.toThrow('the stream was cut')
  })

  it('is told what it missed, and gets the rest when it has taken that, however much it is', async () => {
    const sink = opened({
      slowClient: { maxMessages: 1, notice: (skipped) => ({ data: `missed ${skipped} ${LARGE}` }) },
    })
    const client = await clientOf(sink)
    await fall(sink)
    await sink.publish({ data: 'skipped' })
    await sink.publish({ data: 'kept' })
    await expect.poll(() => sink.stats().skipped).toBeGreaterThan(0)
    const all = client.rest()
    await expect.poll(() => sink.stats().behind).toBe(0)
    await sink.close()
    expect(dataOf(await all)?.slice(-2)).toEqual(['missed', 'kept'])
  })

  it('gets the newest of each type where messages are coalesced, unless another key is given', async () => {
    const sink = opened({ slowClient: { policy: 'coalesce' } })
    const client = await clientOf(sink)
    await fall(sink)
    for (const data of ['a1', 'a2']) await sink.publish({ type: 'a', data })
    await sink.publish({ type: 'b', data: 'b1' })
    await sink.publish({ type: 'a', data: 'a3' })
    await expect.poll(() => sink.stats().coalesced).toBeGreaterThanOrEqual(2)
    const all = client.rest()
    await expect.poll(() => sink.stats().behind).toBe(0)
    await sink.close()
    expect(
      dataOf(await all)
        ?.slice(-2)
        .sort(),
    ).toEqual(['a3', 'b1'])
  })
})

describe('a client that leaves', () => {
  it('as it is told of is told of in order, and gets nothing', async () => {
    const leaving = new AbortController()
    const sink = opened()
    const changes: string[] = []
    sink.connections$.subscribe(() => leaving.abort())
    sink.connections$.subscribe(({ type }) => changes.push(type))
    const response = await sink.fetch(new Request('http://localhost/', { signal: leaving.signal }))
    expect(changes).toEqual(['opened', 'closed'])
    expect(sink.stats().connections).toBe(0)
    sink.next({ data: 'later' })
    expect(await response.text()).not.toContain('later')
  })

  it('in the middle of a tick costs its compressed stream, and nobody else', async () => {
    const sink = opened({ compression: 'shared' })
    const client = await clientOf(sink, { 'accept-encoding': 'gzip' })
    const other = await clientOf(sink)
    await sleep(1)
    sink.next({ data: 'now' })
    await client.cancel()
    const all = other.rest()
    await sleep(1)
    await sink.close()
    expect(dataOf(await all)).toEqual(['now'])
  })

  it('between two pages of the log has the log read no further for it', async () => {
    const log = memoryLog()
    let reads = 0
    const sink = opened({
      log: {
        ...log,
        since(...of) {
          reads++
          return log.since(...of)
        },
      },
    })
    const { id } = await log.head()
    for (let n = 1; n <= 600; n++) await sink.publish({ data: n })
    const client = await clientOf(sink, { 'last-event-id': id })
    await client.cancel()
    await sleep(1)
    await sleep(1)
    expect(reads).toBe(1)
  })
})

describe('what goes live', () => {
  it('between two pages of a log is in the next of them, once', async () => {
    const log = memoryLog()
    const sink = opened({ log })
    const { id } = await log.head()
    for (let n = 1; n <= 300; n++) await sink.publish({ data: n })
    const client = await clientOf(sink, { 'last-event-id': id })
    await sink.publish({ data: 'live' })
    const all = client.rest()
    await sleep(1)
    await sleep(1)
    await sink.close()
    const data = dataOf(await all)
    expect(data?.length).toBe(301)
    expect(data?.at(-1)).toBe('live')
  })
})

describe('shared compression', () => {
  it('is for so many views at once; who comes with another reads plain text', async () => {
    const sink = opened({ compression: 'shared' })
    const codingOf = async (subscriberFilter: number) => {
      const headers = { 'accept-encoding': 'gzip' }
      const url = `http://localhost/?event_type=t${subscriberFilter}`
      return (await sink.fetch(new Request(url, { headers }))).headers.get('content-encoding')
    }
    for (let subscriberFilter = 1; subscriberFilter <= 64; subscriberFilter++)
      expect(await codingOf(subscriberFilter)).toBe('gzip')
    expect(await codingOf(65)).toBeNull()
    expect(await codingOf(1)).toBe('gzip')
    expect(await codingOf(64)).toBe('gzip')
  })
})
