import { setTimeout as sleep } from 'node:timers/promises'
import type { SseMessage } from '@rxsse/shared'
import { type Observable, Subject } from 'rxjs'
import { describe, expect, it, onTestFinished } from 'vitest'
import { expectIdle } from '../../test/idle.ts'
import { PENDING, SOURCES, type Source } from '../../test/pull-sources.ts'
import { openReader } from '../../test/reader.ts'
import { serve } from '../../test/serve.ts'
import { type StreamOptions, streamTo } from './stream-to.ts'

describe('a pulled source', () => {
  async function read(project: () => Iterable<SseMessage>, options: StreamOptions = {}) {
    const errors: unknown[] = []
    const endpoint = streamTo(project, { onError: (error) => errors.push(error), ...options })
    onTestFinished(() => endpoint.close())
    const reader = await openReader(await serve(endpoint.handler))
    return { endpoint, reader, errors }
  }

  it('gives a bounded number of rows in each turn of the event loop', async () => {
    const source: Source = { given: 0, cancelled: 0 }
    const rows = 3_000
    const endpoint = streamTo(() => SOURCES['an async generator']?.(source, rows) ?? [])
    onTestFinished(() => endpoint.close())
    const { body } = await endpoint.fetch(new Request('http://localhost/'))
    const reading = new Response(body).text()
    let most = 0
    while (source.given < rows) {
      const before = source.given
      await new Promise(setImmediate)
      most = Math.max(most, source.given - before)
    }
    // Twice about 64 KiB.
    expect(most).toBeLessThanOrEqual(14)
    expect((await reading).match(/^data: /gm)).toHaveLength(rows)
  })

  it('that throws before its first event is an HTTP error', async () => {
    const failing = async function* (): AsyncGenerator<SseMessage> {
      yield* []
      throw new Error('upstream')
    }
    const { reader, errors } = await read(failing as never, { head: 'first-event' })
    expect(reader.status).toBe(500)
    expect(errors.map(String)).toEqual(['Error: upstream'])
  })

  it('that throws later cuts the body', async () => {
    const failing = async function* (): AsyncGenerator<SseMessage> {
      yield { data: 1 }
      throw new Error('upstream')
    }
    const { endpoint, reader, errors } = await read(failing as never)
    expect(await reader.ended).toBe('cut')
    expect(reader.events()).toMatchObject([{ data: '1' }])
    expect(errors.map(String)).toEqual(['Error: upstream'])
    await expectIdle(endpoint)
  })

  it('that gives a message that cannot be sent is returned', async () => {
    const source: Source = { given: 0, cancelled: 0 }
    const generate = async function* (): AsyncGenerator<SseMessage> {
      try {
        yield { data: 1 }
        yield { data: 1n }
        source.given++
      } finally {
        source.cancelled++
      }
    }
    const { reader, errors } = await read(generate as never)
    expect(await reader.ended).toBe('cut')
    await expect.poll(() => source).toEqual({ given: 0, cancelled: 1 })
    expect(errors).toMatchObject([{ code: 'message' }])
  })

  it.each(['throws', 'rejects'])('whose return %s is told to onError alone', async (how) => {
    const iterable = {
      [Symbol.asyncIterator]: () => ({
        next: () => new Promise(() => {}),
        return(): Promise<never> {
          if (how === 'rejects') return Promise.reject(new Error('of return'))
          throw new Error('of return')
        },
      }),
    }
    const { endpoint, reader, errors } = await read(() => iterable as never)
    await expect.poll(() => endpoint.stats().connections).toBe(1)
    reader.close()
    await expect.poll(() => errors.map(String)).toEqual(['Error: of return'])
    await expectIdle(endpoint)
  })

  it("goes on to its end after its client has left, with whenGone 'finish'", async () => {
    const source: Source = { given: 0, cancelled: 0 }
    const rows = 3_000
    const { endpoint, reader } = await read(() => SOURCES['an async generator']?.(source, rows) ?? [], {
      whenGone: 'finish',
    })
    reader.pause()
    await sleep(50)
    reader.close()
    await expect.poll(() => source.given).toBe(rows)
    expect(source.cancelled).toBe(0)
    await expectIdle(endpoint)
  })

  it('is returned at close', async () => {
    let cancelled = 0
    const { endpoint, reader } = await read(
      () => PENDING['an async iterable']?.(() => void cancelled++) ?? [],
    )
    await expect.poll(() => endpoint.stats().connections).toBe(1)
    await endpoint.close()
    expect(cancelled).toBe(1)
    expect(await reader.ended).toBe('cut')
  })
})

describe('close({finish})', () => {
  it('does not wait for a request whose client left before its first event', async () => {
    let subscribed = 0
    const endpoint = streamTo(
      async () => {
        subscribed++
        return new Subject<SseMessage>()
      },
      { head: 'first-event' },
    )
    const url = await serve(endpoint.handler)
    const leaving = new AbortController()
    const gone = openReader(url, { signal: leaving.signal }).catch(() => {})
    await expect.poll(() => subscribed).toBe(1)
    leaving.abort()
    await gone
    await expectIdle(endpoint)
    const start = performance.now()
    await endpoint.close({ finish: '5s' })
    expect(performance.now() - start).toBeLessThan(2_000)
  })
})

describe('the type of a project function', () => {
  it('may be an Observable, an iterable, an async iterable or a ReadableStream', () => {
    const endpoints = [
      streamTo((): Observable<SseMessage> => new Subject()),
      streamTo(() => [{ data: 1 }]),
      streamTo(async function* () {
        yield { data: 1 }
      }),
      streamTo(() => new ReadableStream<SseMessage>()),
    ]
    expect(endpoints).toHaveLength(4)
  })
})
