import { setTimeout as sleep } from 'node:timers/promises'
import { Subject } from 'rxjs'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { z } from 'zod'
import { ManualScheduler } from '../../test/manual-scheduler.ts'
import { openReader, type Reader } from '../../test/reader.ts'
import { serve, serveTestSink } from '../../test/serve.ts'
import { serveSinks } from '../adapter/serve-sinks.ts'
import { memoryLog } from '../log/memory-log.ts'
import { streamTo } from '../stream-to/stream-to.ts'
import { createSink } from './sink.ts'

describe('closing a sink', () => {
  it('tells each client a reconnection time of its own, and ends its stream', async () => {
    // One for each client at its opening, then one for each at the end.
    const chances = [0.1, 0.1, 0, 0.5]
    const { sink, url } = await serveTestSink({ retry: '2s', random: () => chances.shift() ?? 1 })
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

  it('cuts off clients that do not read within the drain time', async () => {
    const scheduler = new ManualScheduler()
    const { sink, url } = await serveTestSink({ scheduler })
    const reader = await openReader(url)
    reader.pause()
    await expect.poll(() => sink.stats().connections).toBe(1)
    for (let n = 0; n < 40; n++) await sink.publish({ data: 'x'.repeat(1 << 18) })
    await expect.poll(() => sink.stats().behind).toBe(1)
    const closed = sink.close({ drain: '5s' })
    scheduler.advance(5_000)
    await closed
    reader.resume()
    expect(await reader.ended).toBe('cut')
  })

  it('returns the same promise each time', async () => {
    const { sink } = await serveTestSink()
    expect(sink.close()).toBe(sink.close())
    await sink.close()
  })
})

describe('while closing', () => {
  it('a sink tells new clients when to come back, and the health of its server is 503', async () => {
    const sink = createSink({ retry: '2s' })
    let end: () => void = () => {}
    const ended = new Promise<void>((resolve) => {
      end = resolve
    })
    const live = { handler: sink.handler, close: () => sink.close().then(() => ended) }
    const { url, port, close } = await serveSinks({ port: 0, sinks: { live } })
    const health = async () => (await fetch(`http://127.0.0.1:${port}/health`)).status
    expect(await health()).toBe(200)
    const reader = await openReader(`${url}/live`)
    const closed = close()
    expect(await health()).toBe(503)
    expect(await reader.ended).toBe('end')
    const newcomer = await openReader(`${url}/live`)
    expect(newcomer.status).toBe(200)
    expect(await newcomer.ended).toBe('end')
    expect(newcomer.text()).toMatch(/^: too many connections\nretry: \d+\n$/)
    end()
    await closed
  })

  it('a streamTo tells new clients when to come back, and ends pipelines that have not begun', async () => {
    const source = new Subject<{ data: unknown }>()
    const endpoint = streamTo(() => source, { head: 'first-event' })
    const url = await serve(endpoint.handler)
    openReader(url).catch(() => {})
    await expect.poll(() => source.observed).toBe(true)
    await endpoint.close({ drain: 0 })
    expect(source.observed).toBe(false)
    const newcomer = await openReader(url)
    expect(await newcomer.ended).toBe('end')
    expect(newcomer.text()).toMatch(/^: too many connections\nretry: \d+\n$/)
  })

  it('a sink waits for running checks, and their messages reach the log', async () => {
    const log = memoryLog()
    let pass: () => void = () => {}
    const passed = new Promise<void>((resolve) => {
      pass = resolve
    })
    const events = { checked: z.string().refine(async () => passed.then(() => true)) }
    const sink = createSink({ events, log })
    const published = sink.publish({ type: 'checked', data: 'x' })
    const closed = sink.close()
    pass()
    expect((await published).id).toMatch(/-1$/)
    await closed
    expect((await log.head()).offset).toBe(1)
  })
})

describe('errors', () => {
  it('go to the console without onError, or if a callback throws', async () => {
    const said = vi.spyOn(console, 'error').mockImplementation(() => {})
    onTestFinished(() => said.mockRestore())
    const silent = createSink()
    silent.error(new Error('of a source'))
    const throwing = createSink({
      onError() {
        throw new Error('of onError')
      },
    })
    throwing.error(new Error('of another'))
    const rejecting = createSink({
      onRejected() {
        throw new Error('of onRejected')
      },
    })
    rejecting.next({ data: 1n })
    expect(said.mock.calls.map(String)).toEqual([
      'Error: of a source',
      'Error: of onError',
      'Error: of onRejected',
    ])
    expect([silent, throwing].map((sink) => sink.stats().sourceErrors)).toEqual([1, 1])
  })
})

describe('a pipeline of streamTo', () => {
  it('ends at a message that cannot be sent, and ignores everything after it', async () => {
    const errors: unknown[] = []
    const source = new Subject<{ data: unknown }>()
    const endpoint = streamTo(() => source, { onError: (error) => errors.push(error) })
    const reader = await openReader(await serve(endpoint.handler))
    await expect.poll(() => source.observed).toBe(true)
    source.next({ data: 1 })
    source.next({ data: 1n })
    source.next({ data: 2 })
    source.error(new Error('later'))
    expect(await reader.ended).toBe('cut')
    expect(reader.events().map(({ data }) => data)).toEqual(['1'])
    expect(errors.map(String)).toEqual([expect.stringContaining('message.data cannot be written as JSON')])
    expect(endpoint.stats()).toMatchObject({ published: 1, rejected: 1, sourceErrors: 1 })
  })

  it('is cut if errorMessage throws, and onError gets both errors', async () => {
    const errors: unknown[] = []
    const source = new Subject<{ data: unknown }>()
    const endpoint = streamTo(() => source, {
      onError: (error) => errors.push(error),
      errorMessage() {
        throw new Error('of errorMessage')
      },
    })
    const reader = await openReader(await serve(endpoint.handler))
    await expect.poll(() => source.observed).toBe(true)
    source.next({ data: 1 })
    source.error(new Error('of the source'))
    expect(await reader.ended).toBe('cut')
    expect(reader.events().map(({ data }) => data)).toEqual(['1'])
    expect(errors.map(String)).toEqual(['Error: of the source', 'Error: of errorMessage'])
  })

  it.each(['unsubscribe', 'finish'] as const)(
    'whose client leaves before its first event: %s',
    async (whenGone) => {
      const source = new Subject<{ data: unknown }>()
      const endpoint = streamTo(() => source, {
        head: 'first-event',
        whenGone,
        limits: { connections: 1 },
        onError: () => {},
      })
      const url = await serve(endpoint.handler)
      const leaving = new AbortController()
      const gone = openReader(url, { signal: leaving.signal }).catch(() => {})
      await expect.poll(() => source.observed).toBe(true)
      leaving.abort()
      await gone
      if (whenGone === 'unsubscribe') await expect.poll(() => source.observed).toBe(false)
      else for (let turns = 0; turns < 20; turns++) await sleep(1)
      source.next({ data: 1 })
      expect(source.observed).toBe(whenGone === 'finish')
      // Its permit is released for another client. Without one, a client is told when to come back.
      for (let text = ''; !text.includes('data: next'); ) {
        let next: Reader | undefined
        openReader(url).then((reader) => {
          next = reader
        })
        await expect
          .poll(() => {
            source.next({ data: 'next' })
            return next !== undefined && next.text() !== ''
          })
          .toBe(true)
        text = next?.text() ?? ''
      }
    },
  )
})
