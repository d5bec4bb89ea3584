import { getEventListeners } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { NEVER } from 'rxjs'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { ManualScheduler } from '../../test/manual-scheduler.ts'
import { createTestSink } from '../../test/serve.ts'
import { createSink, type Sink } from '../sink/sink.ts'
import { streamTo } from '../stream-to/stream-to.ts'

async function openBody(sink: Sink, init?: RequestInit): Promise<ReadableStreamDefaultReader<Uint8Array>> {
  const response = await sink.fetch(new Request('http://localhost/', init))
  return (response.body as ReadableStream<Uint8Array>).getReader()
}

/** Resolves to all that is left, or rejects if the body is cut. */
async function readRest(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder()
  let text = ''
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return text
    text += decoder.decode(value, { stream: true })
  }
}

describe('the body of a Fetch response', () => {
  it('that is cut is an error to its reader, not an end', async () => {
    const sink = createTestSink({ heartbeat: false, slowClient: { policy: 'disconnect', maxMessages: 1 } })
    const reader = await openBody(sink)
    await expect
      .poll(() => {
        sink.next({ data: 'x'.repeat(100_000) })
        return sink.stats().disconnected === 1
      })
      .toBe(true)
    await expect(readRest(reader)).rejects.toThrow('the stream was cut')
    expect(sink.stats().connections).toBe(0)
  })

  it('whose reader is slow ends when it has read everything', async () => {
    const sink = createTestSink({ heartbeat: false })
    const reader = await openBody(sink)
    const large = 'x'.repeat(100_000)
    for (const n of [1, 2, 3]) {
      sink.next({ data: `${n}${large}` })
      await sleep(1)
    }
    const closed = sink.close()
    expect(sink.stats()).toMatchObject({ connections: 1, behind: 1 })
    const text = await readRest(reader)
    await closed
    for (const n of [1, 2, 3]) expect(text).toContain(`data: ${n}${large}\n\n`)
    expect(text).toMatch(/retry: \d+\n$/)
  })

  it('whose request is aborted ends and gets nothing more', async () => {
    const sink = createTestSink({ heartbeat: false })
    const leaving = new AbortController()
    const reader = await openBody(sink, { signal: leaving.signal })
    await expect.poll(() => sink.stats().connections).toBe(1)
    leaving.abort()
    expect(sink.stats().connections).toBe(0)
    sink.next({ data: 'too late' })
    expect(await readRest(reader)).not.toContain('too late')
    leaving.abort()
  })

  it('tells a slow reader how many messages it missed, and goes on', async () => {
    const sink = createTestSink({ heartbeat: false, slowClient: { maxMessages: 2 } })
    const reader = await openBody(sink)
    for (let n = 1; n <= 6; n++) {
      sink.next({ data: `${n} ${'x'.repeat(70_000)}` })
      await sleep(1)
    }
    sink.next({ data: 'last' })
    await sleep(1)
    const ended = readRest(reader)
    await expect.poll(() => sink.stats().behind).toBe(0)
    await sink.close()
    const events = (await ended).match(/(?<=data: )(\d |last|\{"skipped":\d\})/g)
    expect(events).toEqual(['1 ', '{"skipped":4}', '6 ', 'last'])
  })
})

it.each(['aborted', 'cancelled', 'ended', 'denied'])(
  'a Fetch request that is %s keeps no listener on its signal',
  async (how) => {
    const sink = createSink({
      access: async () => (how === 'denied' ? { deny: 403 } : { allow: true }),
    })
    const caller = new AbortController()
    const request = new Request('http://localhost/', { signal: caller.signal })
    const { body } = await sink.fetch(request)
    if (how === 'aborted') caller.abort()
    else if (how === 'cancelled') await body?.cancel()
    const reading = how === 'ended' ? new Response(body).text() : undefined
    await sink.close()
    await reading
    await expect.poll(() => getEventListeners(request.signal, 'abort')).toEqual([])
    expect(sink.stats()).toMatchObject({ connections: 0, pending: 0 })
  },
)

it('a request without a signal, as some platforms have, gets a stream until its body is cancelled', async () => {
  const sink = createSink()
  const request = { method: 'GET', url: 'http://localhost/', headers: new Headers() } as Request
  const { status, body } = await sink.fetch(request)
  expect(status).toBe(200)
  expect(sink.stats()).toMatchObject({ connections: 1, pending: 0 })
  await body?.cancel()
  expect(sink.stats()).toMatchObject({ connections: 0, pending: 0 })
  await sink.close()
})

it('a response that the platform cannot make holds nothing', async () => {
  const errors: unknown[] = []
  const sink = createSink({ onError: (error) => errors.push(error) })
  let isFirst = true
  // A `Response` of a text may need one, too.
  const failingOnce = new Proxy(ReadableStream, {
    construct(target, args) {
      if (!isFirst) return Reflect.construct(target, args)
      isFirst = false
      throw new Error('no streams')
    },
  })
  vi.stubGlobal('ReadableStream', failingOnce)
  onTestFinished(() => void vi.unstubAllGlobals())
  const { status } = await sink.fetch(new Request('http://localhost/'))
  expect(status).toBe(500)
  expect(errors).toEqual([new Error('no streams')])
  expect(sink.stats()).toMatchObject({ connections: 0, pending: 0 })
  await sink.close()
})

describe('a response that nobody reads, because a middleware has answered with another', () => {
  it.each(['sink', 'streamTo'])('ends with a heartbeat after half a minute: %s', async (kind) => {
    const scheduler = new ManualScheduler()
    const endpoint = kind === 'sink' ? createSink({ scheduler }) : streamTo(() => NEVER, { scheduler })
    const open = () => endpoint.fetch(new Request('http://localhost/'))
    const forgotten = await open()
    const reading = await open()
    const reader = (reading.body as ReadableStream<Uint8Array>).getReader()
    expect(endpoint.stats().connections).toBe(2)
    scheduler.advance(30_000)
    await expect.poll(() => endpoint.stats().connections).toBe(1)
    await new Response(forgotten.body).text()
    scheduler.advance(600_000)
    await sleep(5)
    expect(endpoint.stats().connections).toBe(1)
    await reader.cancel()
    expect(endpoint.stats().connections).toBe(0)
  })
})
