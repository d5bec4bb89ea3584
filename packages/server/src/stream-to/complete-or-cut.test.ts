import { setTimeout as sleep } from 'node:timers/promises'
import type { SseMessage } from '@rxsse/shared'
import { NEVER, Subject } from 'rxjs'
import { describe, expect, it, onTestFinished } from 'vitest'
import { ADAPTERS } from '../../test/adapters.ts'
import { expectIdle } from '../../test/idle.ts'
import { ManualScheduler } from '../../test/manual-scheduler.ts'
import { connectRaw } from '../../test/raw-request.ts'
import { openReader } from '../../test/reader.ts'
import { serve } from '../../test/serve.ts'
import { memoryLog } from '../log/memory-log.ts'
import { createSink } from '../sink/sink.ts'
import { streamTo } from './stream-to.ts'

describe.each(ADAPTERS)('over $name', ({ mount, open }) => {
  it.each(['with', 'without'])('an error after the head cuts the body: %s errorMessage', async (how) => {
    const source = new Subject<SseMessage>()
    const endpoint = streamTo(() => source, {
      onError: () => {},
      ...(how === 'with' ? { errorMessage: () => ({ type: 'failed', data: 'sorry' }) } : {}),
    })
    onTestFinished(() => endpoint.close())
    const reader = await open(await mount(endpoint))
    await expect.poll(() => source.observed).toBe(true)
    source.next({ data: 'half' })
    await reader.take(1)
    source.next({ data: 'more' })
    source.error(new Error('broken'))
    expect(await reader.ended).toBe('cut')
    const expected = ['half', 'more', ...(how === 'with' ? ['sorry'] : [])]
    expect(reader.events().map(({ data }) => data)).toEqual(expected)
    await expectIdle(endpoint)
  })

  it('an error after the head has its errorMessage, also before the first event', async () => {
    const source = new Subject<SseMessage>()
    const endpoint = streamTo(() => source, {
      onError: () => {},
      errorMessage: () => ({ type: 'failed', data: 'sorry' }),
    })
    onTestFinished(() => endpoint.close())
    const reader = await open(await mount(endpoint))
    expect(reader.status).toBe(200)
    await expect.poll(() => source.observed).toBe(true)
    source.error(new Error('broken'))
    expect(await reader.ended).toBe('cut')
    expect(reader.events()).toMatchObject([{ type: 'failed', data: 'sorry' }])
    await expectIdle(endpoint)
  })

  it('an error before the head is a status alone', async () => {
    const source = new Subject<SseMessage>()
    let asked = 0
    const endpoint = streamTo(() => source, {
      head: 'first-event',
      onError: () => {},
      errorMessage() {
        asked++
        return { data: 'sorry' }
      },
    })
    onTestFinished(() => endpoint.close())
    const opened = open(await mount(endpoint))
    await expect.poll(() => source.observed).toBe(true)
    source.error(new Error('broken'))
    const reader = await opened
    expect(reader.status).toBe(500)
    expect(await reader.ended).toBe('end')
    expect(reader.text()).toBe('something went wrong\n')
    expect(asked).toBe(0)
    await expectIdle(endpoint)
  })

  it('an error cuts the body after everything that a slow client has not read yet', async () => {
    const source = new Subject<SseMessage>()
    const endpoint = streamTo(() => source, { onError: () => {}, slowClient: { maxBytes: 1 << 26 } })
    onTestFinished(() => endpoint.close())
    const reader = await open(await mount(endpoint))
    await expect.poll(() => source.observed).toBe(true)
    reader.pause()
    const data = 'x'.repeat(100_000)
    for (let n = 0; n < 80; n++) {
      source.next({ data })
      await sleep(0)
    }
    source.error(new Error('broken'))
    await sleep(20)
    reader.resume()
    expect(await reader.ended).toBe('cut')
    expect(reader.events()).toHaveLength(80)
    await expectIdle(endpoint)
  })

  it('close({finish}) lets running answers complete, and cuts the rest', async () => {
    const quick = new Subject<SseMessage>()
    const slow = new Subject<SseMessage>()
    const scheduler = new ManualScheduler()
    const endpoint = streamTo(({ url }) => (url.searchParams.has('slow') ? slow : quick), { scheduler })
    const url = await mount(endpoint)
    const completing = await open(url)
    const running = await open(`${url}?slow`)
    await expect.poll(() => [quick.observed, slow.observed]).toEqual([true, true])
    const closed = endpoint.close({ finish: '200ms' })
    quick.next({ data: 1 })
    slow.next({ data: 1 })
    await sleep(20)
    quick.next({ data: 2 })
    quick.complete()
    expect(await completing.ended).toBe('end')
    expect(completing.events().map(({ data }) => data)).toEqual(['1', '2'])
    expect(slow.observed).toBe(true)
    scheduler.advance(200)
    await closed
    expect(slow.observed).toBe(false)
    expect(await running.ended).toBe('cut')
    expect(running.events().map(({ data }) => data)).toEqual(['1'])
    await expectIdle(endpoint)
  })

  it('close() without finish cuts running answers at once, after what they have sent', async () => {
    const source = new Subject<SseMessage>()
    const endpoint = streamTo(() => source)
    const reader = await open(await mount(endpoint))
    await expect.poll(() => source.observed).toBe(true)
    source.next({ data: 'last' })
    await endpoint.close()
    expect(source.observed).toBe(false)
    expect(await reader.ended).toBe('cut')
    expect(reader.events()).toMatchObject([{ data: 'last' }])
  })

  it('close({finish}) resolves when the last answer has completed', async () => {
    const source = new Subject<SseMessage>()
    const endpoint = streamTo(() => source)
    const reader = await open(await mount(endpoint))
    await expect.poll(() => source.observed).toBe(true)
    const closed = endpoint.close({ finish: '1h' })
    source.complete()
    await closed
    expect(await reader.ended).toBe('end')
  })

  it("onComplete: 'close' brings a client that comes back to the end, then answers 204", async () => {
    const log = memoryLog()
    const sink = createSink({ log, onComplete: 'close' })
    onTestFinished(() => sink.close())
    const url = await mount(sink)
    const first = await open(url)
    const { id } = await sink.publish({ data: 1 })
    await first.take(1)
    first.close()
    for (const data of [2, 3]) sink.next({ data })
    sink.complete()
    const headers = { 'last-event-id': `${id}` }
    const again = await open(url, { headers })
    expect(again.status).toBe(200)
    expect(await again.ended).toBe('end')
    expect(again.events().map(({ data }) => data)).toEqual(['2', '3'])
    const last = { 'last-event-id': again.interpret().lastEventId }
    expect((await open(url, { headers: last })).status).toBe(204)
    expect((await open(url)).status).toBe(204)
    await expectIdle(sink)
  })
})

describe('a sink that completes', () => {
  it('ends a client that is in the middle of a replay after its last event', async () => {
    const log = memoryLog({ capacity: 10_000 })
    const sink = createSink({ log, onComplete: 'close' })
    onTestFinished(() => sink.close())
    const { id } = await sink.publish({ data: 'first' })
    for (let n = 0; n < 2_000; n++) sink.next({ data: n })
    const url = await serve(sink.handler)
    const reader = await openReader(url, { headers: { 'last-event-id': `${id}` } })
    sink.complete()
    expect(await reader.ended).toBe('end')
    expect(reader.events()).toHaveLength(2_000)
  })

  it('whose filter leaves a client nothing to see gives it the cursor that is answered 204', async () => {
    const sink = createSink({ log: memoryLog(), onComplete: 'close' })
    onTestFinished(() => sink.close())
    const { id } = await sink.publish({ type: 'a', data: 1 })
    sink.next({ type: 'b', data: 2 })
    sink.complete()
    const url = `${await serve(sink.handler)}?event_type=a`
    const reader = await openReader(url, { headers: { 'last-event-id': `${id}` } })
    expect(await reader.ended).toBe('end')
    expect(reader.events()).toEqual([])
    const { lastEventId } = reader.interpret()
    expect((await openReader(url, { headers: { 'last-event-id': lastEventId } })).status).toBe(204)
  })

  it('waits for messages that its log has not taken yet', async () => {
    const memory = memoryLog()
    const log = {
      ...memory,
      since: memory.since.bind(memory),
      head: memory.head.bind(memory),
      close: memory.close.bind(memory),
      append: async (...args: Parameters<typeof memory.append>) => {
        await sleep(30)
        return memory.append(...args)
      },
    }
    const sink = createSink({ log, onComplete: 'close' })
    onTestFinished(() => sink.close())
    const reader = await openReader(await serve(sink.handler))
    await expect.poll(() => sink.stats().connections).toBe(1)
    sink.next({ data: 1 })
    sink.next({ data: 2 })
    sink.complete()
    expect(await reader.ended).toBe('end')
    expect(reader.events().map(({ data }) => data)).toEqual(['1', '2'])
  })
})

describe('the body of an HTTP/1.0 response', () => {
  it('that is cut is reset, because its end would look complete', async () => {
    const source = new Subject<SseMessage>()
    const endpoint = streamTo(() => source, { onError: () => {} })
    const url = await serve(endpoint.handler)
    const socket = connectRaw(url, 'GET / HTTP/1.0\r\n\r\n')
    let ended = ''
    socket.once('end', () => (ended ||= 'end'))
    socket.once('error', ({ code }: NodeJS.ErrnoException) => (ended ||= String(code)))
    socket.resume()
    await expect.poll(() => source.observed).toBe(true)
    source.error(new Error('broken'))
    await expect.poll(() => ended).toBe('ECONNRESET')
  })
})

describe('close()', () => {
  it('leaves a stream that never ends no longer than finish', async () => {
    const endpoint = streamTo(() => NEVER)
    const reader = await openReader(await serve(endpoint.handler))
    await expect.poll(() => endpoint.stats().connections).toBe(1)
    const start = performance.now()
    await endpoint.close({ finish: 50 })
    expect(performance.now() - start).toBeGreaterThan(40)
    expect(await reader.ended).toBe('cut')
  })
})
