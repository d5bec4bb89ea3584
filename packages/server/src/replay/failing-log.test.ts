import { setImmediate as endOfTick } from 'node:timers/promises'
import { describe, expect, it, onTestFinished } from 'vitest'
import { openReader } from '../../test/reader.ts'
import { serve } from '../../test/serve.ts'
import { createTailedLog } from '../../test/tailed-log.ts'
import type { EventLog, LogGap } from '../log/event-log.ts'
import { memoryLog } from '../log/memory-log.ts'
import { createSink } from '../sink/sink.ts'

async function serveLog(log: EventLog) {
  const errors: unknown[] = []
  const sink = createSink({ log, onError: (error) => errors.push(error), heartbeat: false })
  onTestFinished(() => sink.close({ drain: 0 }))
  return { sink, url: await serve(sink.handler), errors }
}

/** Then the sink asks for the head. */
function withoutTail(): EventLog {
  const { tail: _tail, ...log } = memoryLog()
  return log
}

const broken = () => {
  throw new Error('broken')
}

describe('if the log', () => {
  it.each<[string, () => never | Promise<never>]>([
    ['throws', broken],
    ['rejects', async () => broken()],
  ])('%s in `head`, onError is called and messages are still delivered', async (_, head) => {
    const { sink, url, errors } = await serveLog({ ...withoutTail(), head })
    const reader = await openReader(url)
    await sink.publish({ data: 1 })
    expect((await reader.take(1)).map(({ data }) => data)).toEqual(['1'])
    expect(errors.map(String)).toEqual(['Error: broken'])
    await sink.publish({ data: 2 })
    await reader.take(2)
    expect((await openReader(url)).status).toBe(200)
  })

  it('rejects in `head`, clients that connected before stay and receive messages', async () => {
    let reject: (error: unknown) => void = () => {}
    const head = () =>
      new Promise<never>((_, rejected) => {
        reject = rejected
      })
    const { sink, url, errors } = await serveLog({ ...withoutTail(), head })
    const reader = await openReader(url)
    const gone = await openReader(url)
    gone.close()
    await expect.poll(() => sink.stats().connections).toBe(1)
    reject(new Error('broken'))
    await expect.poll(() => errors.length).toBe(1)
    await sink.publish({ data: 1 })
    expect((await reader.take(1)).map(({ data }) => data)).toEqual(['1'])
  })

  it.each<[string, () => never | Promise<never>]>([
    ['throws', broken],
    ['rejects', async () => broken()],
  ])('%s in `append`, publishing rejects with the cause', async (_, append) => {
    const { sink } = await serveLog({ ...memoryLog(), append })
    await expect(sink.publish({ data: 1 })).rejects.toMatchObject({
      name: 'SinkError',
      code: 'log',
      cause: { message: 'broken' },
    })
    expect(sink.stats()).toMatchObject({ published: 0, rejected: 1 })
  })

  it.each<[string, () => never | Promise<never>]>([
    ['throws', broken],
    ['rejects', async () => broken()],
  ])(
    '%s in `since`, onError is called and the stream is cut, so that the client reconnects',
    async (_, since) => {
      const { sink, url, errors } = await serveLog({ ...memoryLog(), since })
      const reader = await openReader(url, { headers: { 'last-event-id': 'x' } })
      expect(await reader.ended).toBe('cut')
      expect(errors.map(String)).toEqual(['Error: broken'])
      await expect.poll(() => sink.stats().connections).toBe(0)
    },
  )

  it('has more than a page, all pages are sent, then what was published meanwhile', async () => {
    const log = memoryLog()
    const { sink, url } = await serveLog({
      ...log,
      since: async (...args) => {
        const page = await log.since(...args)
        if (page.entries.length > 0) await sink.publish({ data: `live after ${page.entries.at(-1)?.offset}` })
        return page
      },
    })
    const { id } = await log.head()
    for (let n = 1; n <= 600; n++) await sink.publish({ data: n })
    const reader = await openReader(url, { headers: { 'last-event-id': id } })
    const all = [...Array.from({ length: 600 }, (_, n) => `${n + 1}`)]
    const events = await reader.take(603)
    expect(events.slice(0, 600).map(({ data }) => data)).toEqual(all)
    expect(events.slice(600).map(({ data }) => data)).toEqual([
      'live after 256',
      'live after 512',
      expect.stringMatching(/^live after 60\d$/),
    ])
    expect(reader.interpret().lastEventId).toBe((await log.head()).id)
  })

  it('delivers more than a page during a read, another page is read', async () => {
    const log = memoryLog()
    let busy = true
    const { sink, url } = await serveLog({
      ...log,
      since: async (...args) => {
        const page = await log.since(...args)
        if (busy) for (let n = 1; n <= 300; n++) await sink.publish({ data: n })
        busy = false
        return page
      },
    })
    const { id } = await log.head()
    const reader = await openReader(url, { headers: { 'last-event-id': id } })
    const events = await reader.take(300)
    expect(events.map(({ data }) => data)).toEqual(Array.from({ length: 300 }, (_, n) => `${n + 1}`))
  })

  it('is read for a client that leaves meanwhile, the next page is not read', async () => {
    const log = memoryLog()
    let reads = 0
    let release: (() => void)[] = []
    const { sink, url } = await serveLog({
      ...log,
      async since(...args) {
        reads++
        await new Promise<void>((resolve) => release.push(resolve))
        return log.since(...args)
      },
    })
    const { id } = await log.head()
    for (let n = 1; n <= 600; n++) await sink.publish({ data: n })
    const reader = await openReader(url, { headers: { 'last-event-id': id } })
    await expect.poll(() => reads).toBe(1)
    reader.close()
    await expect.poll(() => sink.stats().connections).toBe(0)
    await sink.publish({ data: 'meanwhile' })
    for (const go of release) go()
    release = []
    await endOfTick()
    await sink.publish({ data: 'later' })
    expect(reads).toBe(1)
  })

  it('reports a gap after the end of the page, the client is told once, in order', async () => {
    const log = createTailedLog()
    const { sink, url } = await serveLog({
      ...log,
      async since(...args) {
        const page = await log.since(...args)
        await reading
        return page
      },
    })
    let read: () => void = () => {}
    const reading = new Promise<void>((resolve) => {
      read = resolve
    })
    log.start()
    const { id } = await log.head()
    await endOfTick()
    await log.append({ data: '1', topic: 'message' }, 'all')
    const reader = await openReader(url, { headers: { 'last-event-id': id } })
    await expect.poll(() => sink.stats().resumed).toBe(1)
    // The entry of the other server arrives, then a gap after it.
    await log.deliver()
    const lost: LogGap = { reason: 'trimmed', from: id, to: await log.head(), missed: 3 }
    await log.deliver(lost)
    await log.append({ data: '2', topic: 'message' }, 'all')
    await log.deliver()
    read()
    await reader.take(3)
    expect(reader.events().map(({ type, data }) => (type === 'gap' ? 'gap' : data))).toEqual([
      '1',
      'gap',
      '2',
    ])
  })

  it('reports the same gap in the page and in the tail, the client is told once', async () => {
    const log = createTailedLog()
    let read: () => void = () => {}
    const reading = new Promise<void>((resolve) => {
      read = resolve
    })
    const lost: LogGap[] = []
    const { sink, url } = await serveLog({
      ...log,
      async since(...args) {
        const page = await log.since(...args)
        await reading
        return { ...page, gap: lost[0] }
      },
    })
    log.start()
    const { id } = await log.head()
    await endOfTick()
    const reader = await openReader(url, { headers: { 'last-event-id': id } })
    await expect.poll(() => sink.stats().resumed).toBe(1)
    lost.push({ reason: 'epoch', from: id, to: await log.head() })
    for (const gap of lost) await log.lose(gap)
    read()
    await reader.take(1)
    await log.append({ data: 'after', topic: 'message' }, 'all')
    await log.deliver()
    await reader.until(({ events }) => events().some(({ data }) => data === 'after'))
    expect(reader.events().map(({ type, data }) => (type === 'gap' ? 'gap' : data))).toEqual(['gap', 'after'])
  })

  it('reports a gap up to the end of a page that is ahead of the tail, the client continues there', async () => {
    const log = createTailedLog()
    const { sink, url } = await serveLog(log)
    log.start()
    const { id } = await log.head()
    await endOfTick()
    await log.append({ data: '1', topic: 'message' }, 'all')
    const reader = await openReader(url, { headers: { 'last-event-id': id } })
    await reader.take(1)
    // The tail loses the entry that the page contained.
    for (const to of [await log.head()]) await log.lose({ reason: 'epoch', from: id, to })
    await log.append({ data: '2', topic: 'message' }, 'all')
    await log.deliver()
    await reader.until(({ events }) => events().some(({ data }) => data === '2'))
    expect(sink.stats().connections).toBe(1)
    expect(reader.events().map(({ type, data }) => (type === 'gap' ? 'gap' : data))).toEqual([
      '1',
      'gap',
      '2',
    ])
  })

  it('has a synchronous tail, messages are delivered by the tail', async () => {
    const log = createTailedLog()
    log.start()
    const started = await log.tail?.(() => {})
    let listen: Parameters<NonNullable<EventLog['tail']>>[0] = () => {}
    const memory = memoryLog()
    const { sink, url } = await serveLog({
      ...memory,
      tail(listener) {
        listen = listener
        return { position: started?.position ?? { id: '', offset: 0 }, stop: () => {} }
      },
    })
    const reader = await openReader(url)
    await sink.publish({ data: 'by itself' })
    const { entries } = await memory.since(0, { limit: 1 })
    listen(entries)
    await reader.take(1)
  })

  it('has a tail that starts after the sink has closed, the tail is stopped', async () => {
    const log = createTailedLog()
    let stopped = 0
    const { sink } = await serveLog({
      ...log,
      async tail(listener) {
        const tail = await log.tail?.(listener)
        const stop = () => {
          stopped++
          tail?.stop()
        }
        return { position: await log.head(), stop }
      },
    })
    await sink.close({ drain: 0 })
    log.start()
    await expect.poll(() => stopped).toBe(1)
  })
})
