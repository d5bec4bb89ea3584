import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import type { SseMessage } from '@rxsse/shared'
import { type Observable, Subject } from 'rxjs'
import { describe, expect, it, onTestFinished } from 'vitest'
import { ADAPTERS } from '../../test/adapters.ts'
import { expectIdle } from '../../test/idle.ts'
import { openReader } from '../../test/reader.ts'
import { serve } from '../../test/serve.ts'
import type { StreamRequest } from './response-gate.ts'
import { type StreamOptions, streamTo } from './stream-to.ts'

/** Counts what a source has given, and whether it was returned or cancelled. */
interface Source {
  given: number
  cancelled: number
}

const ROW = 'x'.repeat(1_000)

const SOURCES: Readonly<Record<string, (source: Source, rows: number) => Iterable<SseMessage>>> = {
  'an async generator': (source, rows) =>
    (async function* () {
      try {
        for (; source.given < rows; source.given++) yield { data: ROW }
      } finally {
        if (source.given < rows) source.cancelled++
      }
    })() as never,
  'a generator': (source, rows) =>
    (function* () {
      try {
        for (; source.given < rows; source.given++) yield { data: ROW }
      } finally {
        if (source.given < rows) source.cancelled++
      }
    })(),
  'a ReadableStream': (source, rows) =>
    new ReadableStream(
      {
        pull(controller) {
          if (source.given++ < rows) controller.enqueue({ data: ROW })
          else controller.close()
        },
        cancel: () => void source.cancelled++,
      },
      { highWaterMark: 0 },
    ) as never,
}

/** Sources whose next value never comes. */
const PENDING: Readonly<Record<string, (cancelled: () => void) => Iterable<SseMessage>>> = {
  'an async iterable': (cancelled) =>
    ({
      [Symbol.asyncIterator]: () => ({
        next: () => new Promise(() => {}),
        return: async () => cancelled(),
      }),
    }) as never,
  'a ReadableStream': (cancelled) => new ReadableStream({ cancel: cancelled }) as never,
}

describe.each(ADAPTERS)('over $name', ({ mount, open }) => {
  it.each(Object.keys(PENDING))('%s is cancelled at once when its client leaves', async (name) => {
    let cancelled = 0
    const endpoint = streamTo(() => PENDING[name]?.(() => void cancelled++) ?? [])
    onTestFinished(() => endpoint.close())
    const reader = await open(await mount(endpoint))
    await expect.poll(() => endpoint.stats().connections).toBe(1)
    reader.close()
    await expect.poll(() => cancelled).toBe(1)
    await expectIdle(endpoint)
  })

  it.each(Object.keys(PENDING))('%s that is made after its client has left is cancelled', async (name) => {
    let cancelled = 0
    let make: () => void = () => {}
    const made = new Promise<void>((resolve) => {
      make = resolve
    })
    let aborted = false
    const endpoint = streamTo(async ({ signal }) => {
      signal.addEventListener('abort', () => {
        aborted = true
      })
      await made
      return PENDING[name]?.(() => void cancelled++) ?? []
    })
    onTestFinished(() => endpoint.close())
    const url = await mount(endpoint)
    const leaving = new AbortController()
    const gone = open(url, { signal: leaving.signal }).catch(() => {})
    await expect.poll(() => endpoint.stats().pending).toBe(1)
    leaving.abort()
    await gone
    await expect.poll(() => aborted).toBe(true)
    make()
    await expect.poll(() => cancelled).toBe(1)
    await expectIdle(endpoint)
  })

  it('request.signal aborts when its client leaves in the middle of the answer', async () => {
    const signals: AbortSignal[] = []
    const source = new Subject<SseMessage>()
    const endpoint = streamTo(({ signal }) => {
      signals.push(signal)
      return source
    })
    onTestFinished(() => endpoint.close())
    const reader = await open(await mount(endpoint))
    await expect.poll(() => source.observed).toBe(true)
    source.next({ data: 1 })
    await reader.take(1)
    // A connection may be taken over meanwhile.
    await sleep(20)
    expect(signals.map(({ aborted }) => aborted)).toEqual([false])
    reader.close()
    await expect.poll(() => signals[0]?.aborted).toBe(true)
  })

  it.each(Object.keys(SOURCES))('%s is read at the pace of its client', async (name) => {
    const source: Source = { given: 0, cancelled: 0 }
    const rows = 20_000
    const endpoint = streamTo(() => SOURCES[name]?.(source, rows) ?? [])
    onTestFinished(() => endpoint.close())
    const reader = await open(await mount(endpoint))
    reader.pause()
    await expect.poll(() => source.given).toBeGreaterThan(0)
    let before = -1
    while (before !== source.given) {
      before = source.given
      await sleep(150)
    }
    // The buffers of the two sockets hold a few megabytes.
    expect(source.given).toBeLessThan(rows)
    reader.resume()
    expect(await reader.ended).toBe('end')
    expect(reader.events()).toHaveLength(rows)
    expect(source.cancelled).toBe(0)
    expect(endpoint.stats()).toMatchObject({ published: rows, disconnected: 0, skipped: 0 })
  })

  it('request.gate is shut while the client does not read', async () => {
    let request: StreamRequest | undefined
    const source = new Subject<SseMessage>()
    const endpoint = streamTo(
      (own) => {
        request = own
        return source
      },
      { slowClient: { maxBytes: 1 << 26 } },
    )
    onTestFinished(() => endpoint.close())
    const changes: boolean[] = []
    const reader = await open(await mount(endpoint))
    await expect.poll(() => source.observed).toBe(true)
    request?.gate.changes.subscribe((shut) => changes.push(shut))
    expect(request?.gate.shut).toBe(false)
    reader.pause()
    let sent = 0
    const isOpen = () => request?.gate.shut === false
    // A transport may take some more after it was full.
    while (isOpen() || (await sleep(30).then(isOpen))) {
      source.next({ data: 'x'.repeat(100_000) })
      sent++
      await sleep(0)
    }
    expect(changes[0]).toBe(true)
    expect(changes.at(-1)).toBe(true)
    reader.resume()
    await expect.poll(() => request?.gate.shut).toBe(false)
    expect(changes.at(-1)).toBe(false)
    source.complete()
    await reader.ended
    expect(reader.events()).toHaveLength(sent)
  })
})

describe('a pulled source', () => {
  async function read(project: () => Iterable<SseMessage>, options: StreamOptions = {}) {
    const errors: unknown[] = []
    const endpoint = streamTo(project, { onError: (error) => errors.push(error), ...options })
    onTestFinished(() => endpoint.close())
    const reader = await openReader(await serve(endpoint.handler))
    return { endpoint, reader, errors }
  }

  it('of 60,000 rows never holds the event loop for long', async () => {
    const delay = monitorEventLoopDelay({ resolution: 1 })
    const source: Source = { given: 0, cancelled: 0 }
    const rows = 60_000
    const { reader } = await read(() => SOURCES['an async generator']?.(source, rows) ?? [])
    delay.enable()
    let bytes = 0
    reader.body.on('data', (chunk: Buffer) => {
      bytes += chunk.length
    })
    await expect.poll(() => bytes).toBeGreaterThan(rows * ROW.length)
    delay.disable()
    // The reader of this test shares the event loop and keeps all bytes, so this is a loose bound.
    expect(delay.percentile(99) / 1e6).toBeLessThan(100)
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
    const rows = 30_000
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
