import { setImmediate as endOfTick } from 'node:timers/promises'
import { asyncScheduler } from 'rxjs'
import { describe, expect, it, onTestFinished } from 'vitest'
import { openReader } from '../../test/reader.ts'
import { createTestSink, serveTestSink } from '../../test/serve.ts'
import { createRemoteLog } from '../../test/slow-logs.ts'
import { createClock } from '../connection/clock.ts'
import type { EventLog } from '../log/event-log.ts'
import { memoryLog } from '../log/memory-log.ts'
import type { Sink } from '../sink/sink.ts'
import { ReplayQueue } from './replay-queue.ts'

/** A log whose reads are noted, and that ignores the bound of bytes. */
function watch(log: EventLog, maxBytes?: 'ignored') {
  const reads: { entries: number; bytes: number }[] = []
  const watched: EventLog = {
    ...log,
    async since(after, bounds) {
      const page = await log.since(
        after,
        maxBytes === 'ignored' ? { ...bounds, maxBytes: Number.POSITIVE_INFINITY } : bounds,
      )
      const bytes = page.entries.reduce((sum, { message }) => sum + message.data.length, 0)
      reads.push({ entries: page.entries.length, bytes })
      return page
    },
  }
  return { log: watched, reads }
}

/** Holds the event loop. */
function block(milliseconds: number): void {
  for (const end = performance.now() + milliseconds; performance.now() < end; );
}

async function openSilentClient(sink: Sink, id: string): Promise<ReadableStreamDefaultReader<Uint8Array>> {
  const headers = { 'last-event-id': id }
  const { body } = await sink.fetch(new Request('http://localhost/', { headers }))
  return (body as ReadableStream<Uint8Array>).getReader()
}

describe('a client that resumes', () => {
  it('gets large entries in pages of about `limits.replayBytes`', async () => {
    const { log, reads } = watch(memoryLog())
    const { sink, url } = await serveTestSink({ log, limits: { replayBytes: 100_000 } })
    const { id } = await log.head()
    for (let n = 1; n <= 40; n++) await sink.publish({ data: `${n} ${'x'.repeat(30_000)}` })
    const reader = await openReader(url, { headers: { 'last-event-id': id } })
    await reader.until(({ tail, events }) => tail().endsWith('\n\n') && events().length === 40)
    expect(reader.events().map(({ data }) => Number.parseInt(data, 10))).toEqual(
      Array.from({ length: 40 }, (_each, n) => n + 1),
    )
    expect(Math.max(...reads.map(({ bytes }) => bytes))).toBeLessThanOrEqual(130_100)
  })

  it('gets everything if it reads nothing for a while, and little is read for it meanwhile', async () => {
    const { log, reads } = watch(memoryLog())
    const sink = createTestSink({ log, retry: false })
    const { id } = await log.head()
    for (let n = 1; n <= 100; n++) await sink.publish({ data: `${n} ${'x'.repeat(32_000)}` })
    const reader = await openSilentClient(sink, id)
    for (let turn = 0; turn < 20; turn++) await endOfTick()
    expect(reads.length).toBe(1)
    const decoder = new TextDecoder()
    let text = ''
    while (!text.includes('data: 100 ')) text += decoder.decode((await reader.read()).value, { stream: true })
    const read = [...text.matchAll(/data: (\d+) /g)].map(([, n]) => Number(n))
    expect(read).toEqual(Array.from({ length: 100 }, (_each, n) => n + 1))
    await reader.cancel()
  })

  it.each([
    ['in the middle of a page', 200, 32_000],
    ['between two pages', 600, 10],
  ])('and leaves %s leaves nothing behind', async (_name, count, size) => {
    let listeners = 0
    const log = memoryLog()
    const sink = createTestSink({ log: createRemoteLog(() => 0.3, log) })
    const { id } = await log.head()
    for (let n = 1; n <= count; n++) await sink.publish({ data: 'x'.repeat(size) })
    // A listener of the sequencer would hear of what is published.
    const { Sequencer } = await import('./sequencer.ts')
    const { listen } = Sequencer.prototype
    Sequencer.prototype.listen = function (listener) {
      listeners++
      const stop = listen.call(this, listener)
      let stopped = false
      return () => {
        if (!stopped) listeners--
        stopped = true
        stop()
      }
    }
    onTestFinished(() => {
      Sequencer.prototype.listen = listen
    })
    const clients = await Promise.all(Array.from({ length: 10 }, () => openSilentClient(sink, id)))
    expect(listeners).toBe(10)
    await endOfTick()
    for (const client of clients) await client.cancel()
    expect(listeners).toBe(0)
    expect(sink.stats()).toMatchObject({ connections: 0, behind: 0 })
  })

  it('keeps nobody waiting: live events are delivered between the pages of others', async () => {
    const log = memoryLog()
    let reads = 0
    const sink = createTestSink({
      log: {
        ...log,
        since(...args) {
          reads++
          block(5)
          return log.since(...args)
        },
      },
    })
    const { id } = await log.head()
    for (let n = 1; n <= 2_000; n++) sink.next({ data: n })
    await endOfTick()
    const { body } = await sink.fetch(new Request('http://localhost/'))
    const live = (body as ReadableStream<Uint8Array>).getReader()
    await live.read()
    const clients = await Promise.all(Array.from({ length: 20 }, () => openSilentClient(sink, id)))
    reads = 0
    sink.next({ data: 'live' })
    await live.read()
    expect(reads).toBeLessThanOrEqual(4)
    for (let turn = 0; turn < 5; turn++) {
      const before = reads
      await endOfTick()
      expect(reads - before).toBeLessThanOrEqual(2)
    }
    for (const client of [...clients, live]) await client.cancel()
  })
})

describe('a log that ignores the bound of bytes', () => {
  it('is read in pages that are cut to it', async () => {
    const { log } = watch(memoryLog(), 'ignored')
    const sink = createTestSink({ log, limits: { replayBytes: 64_000 }, retry: false })
    const { id } = await log.head()
    for (let n = 1; n <= 300; n++) await sink.publish({ data: `${n} ${'x'.repeat(1_000)}` })
    const reader = await openSilentClient(sink, id)
    const decoder = new TextDecoder()
    let text = ''
    while (!text.includes('data: 300 ')) text += decoder.decode((await reader.read()).value, { stream: true })
    const read = [...text.matchAll(/data: (\d+) /g)].map(([, n]) => Number(n))
    expect(read).toEqual(Array.from({ length: 300 }, (_each, n) => n + 1))
    await reader.cancel()
  })
})

const CLOCK = createClock(asyncScheduler)

describe('ReplayQueue', () => {
  it('does a first step at once, and puts off what does not fit into the turn', async () => {
    const queue = new ReplayQueue(CLOCK)
    const done: number[] = []
    const add = (n: number) =>
      queue.add({ read: () => block(10), use: () => done.push(n), fail: () => done.push(-1) })
    for (let n = 1; n <= 4; n++) add(n)
    expect(done).toEqual([1])
    for (let n = 2; n <= 4; n++) {
      await endOfTick()
      expect(done.length).toBe(n)
    }
  })

  it('takes turns: a step that is added goes to the end', async () => {
    const queue = new ReplayQueue(CLOCK)
    const done: string[] = []
    const add = (name: string, n: number) => {
      const use = () => {
        done.push(`${name}${n}`)
        if (n < 3) add(name, n + 1)
      }
      queue.add({ read: () => {}, use, fail: () => {} })
    }
    queue.add({ read: () => block(10), use: () => {}, fail: () => {} })
    for (const name of ['a', 'b', 'c']) add(name, 1)
    await expect.poll(() => done.length).toBe(9)
    expect(done).toEqual(['a1', 'b1', 'c1', 'a2', 'b2', 'c2', 'a3', 'b3', 'c3'])
  })

  it('does nothing for a step that is cancelled, waiting or being read', async () => {
    const queue = new ReplayQueue(CLOCK)
    const done: string[] = []
    queue.add({ read: () => block(10), use: () => {}, fail: () => {} })
    const read = () => void done.push('read')
    queue.add({ read, use: () => {}, fail: () => {} })()
    let answer: (page: string) => void = () => {}
    const page = new Promise<string>((resolve) => {
      answer = resolve
    })
    const cancel = new ReplayQueue(CLOCK).add({
      read: () => page,
      use: (each) => void done.push(each),
      fail: () => void done.push('failed'),
    })
    cancel()
    answer('page')
    for (let turn = 0; turn < 3; turn++) await endOfTick()
    expect(done).toEqual([])
  })

  it('reads at most 16 pages at once, and goes on as they come', async () => {
    const queue = new ReplayQueue(CLOCK)
    let reading = 0
    let most = 0
    let used = 0
    for (let n = 0; n < 50; n++) {
      queue.add({
        read: async () => {
          most = Math.max(most, ++reading)
          await endOfTick()
          reading--
        },
        use: () => used++,
        fail: () => {},
      })
    }
    await expect.poll(() => used).toBe(50)
    expect(most).toBe(16)
  })

  it('tells a step of its error, in its read or in its use', async () => {
    const queue = new ReplayQueue(CLOCK)
    const errors: unknown[] = []
    const fail = (error: unknown) => void errors.push(error)
    const throwing = (): never => {
      throw 'thrown'
    }
    queue.add({ read: throwing, use: () => {}, fail })
    queue.add({ read: async () => throwing(), use: () => {}, fail })
    queue.add({ read: () => {}, use: throwing, fail })
    queue.add({ read: async () => {}, use: throwing, fail })
    await expect.poll(() => errors.length).toBe(4)
  })
})
