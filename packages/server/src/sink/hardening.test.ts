import { setTimeout as sleep } from 'node:timers/promises'
import type { SseMessage } from '@rxsse/shared'
import { describe, expect, it, onTestFinished } from 'vitest'
import { ManualScheduler } from '../../test/manual-scheduler.ts'
import { connectRaw } from '../../test/raw-request.ts'
import { openReader } from '../../test/reader.ts'
import { serve, serveTestSink } from '../../test/serve.ts'
import { memoryLog } from '../log/memory-log.ts'
import { createSink, type Sink } from './sink.ts'
import type { SinkOptions } from './sink-options.ts'

const REQUEST = 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'

async function expectAlive(sink: Sink, url: string): Promise<void> {
  const reader = await openReader(url)
  await sink.publish({ type: 'alive', data: 'yes' })
  await reader.until(({ events }) => events().some(({ type }) => type === 'alive'))
  reader.close()
}

describe('other clients keep working if a client', () => {
  it('resets its connection in the middle of a burst', async () => {
    const { sink, url } = await serveTestSink()
    const sockets = Array.from({ length: 10 }, () => connectRaw(url, REQUEST))
    await expect.poll(() => sink.stats().connections).toBe(10)
    for (const socket of sockets) {
      for (let n = 0; n < 50; n++) sink.next({ data: 'x'.repeat(1_000) })
      socket.resetAndDestroy()
    }
    await expect.poll(() => sink.stats().connections).toBe(0)
    await expectAlive(sink, url)
  })

  it('ends its half of the connection', async () => {
    const { sink, url } = await serveTestSink()
    const socket = connectRaw(url, REQUEST)
    await expect.poll(() => sink.stats().connections).toBe(1)
    socket.end()
    await expect.poll(() => sink.stats().connections).toBe(0)
    await expectAlive(sink, url)
  })

  it('never reads: its backlog is bounded, and it is disconnected in the end', async () => {
    const scheduler = new ManualScheduler()
    const { sink, url } = await serveTestSink({
      scheduler,
      slowClient: { maxMessages: 10, stalledFor: '30s' },
    })
    connectRaw(url, REQUEST)
    await expect.poll(() => sink.stats().connections).toBe(1)
    while (sink.stats().skipped < 10) {
      sink.next({ data: 'x'.repeat(200_000) })
      await sleep(1)
    }
    scheduler.advance(29_000)
    expect(sink.stats()).toMatchObject({ connections: 1, behind: 1, disconnected: 0 })
    scheduler.advance(15_000)
    await expect.poll(() => sink.stats().connections).toBe(0)
    expect(sink.stats()).toMatchObject({ behind: 0, disconnected: 1 })
    await expectAlive(sink, url)
  })

  it.each([
    ['HTTP/1.0', 'GET / HTTP/1.0\r\n\r\n'],
    ['no host', 'GET / HTTP/1.0\r\nHost: \r\n\r\n'],
    ['an absolute target', 'GET http://[/ HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['a target of slashes', 'GET //evil/?event_type=a HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['a malformed host', 'GET / HTTP/1.1\r\nHost: a b:c:d\r\n\r\n'],
  ])('sends a request with %s', async (_name, request) => {
    const { sink, url } = await serveTestSink()
    connectRaw(url, request)
    await expect.poll(() => sink.stats().opened).toBe(1)
    await expectAlive(sink, url)
  })

  it('uses HTTP/1.0, which has no chunks', async () => {
    const { sink, url } = await serveTestSink({ retry: false })
    const socket = connectRaw(url, 'GET / HTTP/1.0\r\n\r\n')
    let text = ''
    socket.on('data', (bytes) => {
      text += bytes.toString()
    })
    socket.resume()
    await expect.poll(() => text.endsWith('\r\n\r\n:\n')).toBe(true)
    await sink.publish({ data: 'x' })
    await expect.poll(() => text.endsWith('\r\n\r\n:\ndata: x\n\n')).toBe(true)
  })

  it('pipelines requests: a request is served when it is its turn', async () => {
    const { sink, url } = await serveTestSink({ onComplete: 'close' })
    const request = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'
    const socket = connectRaw(url, request + request)
    let text = ''
    socket.on('data', (bytes) => {
      text += bytes.toString()
    })
    socket.resume()
    await expect.poll(() => sink.stats().opened).toBe(1)
    await sink.publish({ data: 'x' })
    sink.complete()
    await expect
      .poll(() => /^HTTP\/1\.1 200 (?:.|\r|\n)*data: x\n\n\r\n0\r\n\r\nHTTP\/1\.1 204 /.test(text))
      .toBe(true)
    expect(sink.stats()).toMatchObject({ opened: 1, connections: 0, pending: 0 })
  })
})

describe('the bytes of a client', () => {
  it('after its request get no response on a connection that was taken over', async () => {
    const sink = createSink({ takeover: true, retry: false })
    onTestFinished(() => sink.close({ drain: 0 }))
    const url = await serve(sink.handler)
    const request = 'GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello'
    const socket = connectRaw(url, request)
    let text = ''
    socket.on('data', (bytes) => {
      text += bytes.toString()
    })
    socket.resume()
    await expect.poll(() => text.endsWith(':\n\r\n')).toBe(true)
    for (let n = 0; n < 20; n++) socket.write(request)
    await sink.publish({ data: 'x' })
    await expect.poll(() => text.endsWith('data: x\n\n\r\n')).toBe(true)
    expect(text.split('HTTP/1.1')).toHaveLength(2)
    expect(sink.stats()).toMatchObject({ opened: 1, connections: 1 })
  })

  it.each([
    ['line breaks', 'a\r\ndata: evil\n\nevent: evil\n\n'],
    ['NUL', 'a\0b'],
    ['the form of a field', 'id: a'],
  ])('in its last event ID, with %s, are quoted and never become a line', async (_name, id) => {
    const { url } = await serveTestSink({ log: memoryLog() })
    const reader = await openReader(`${url}/?${new URLSearchParams({ lastEventId: id })}`)
    const [gap, ...more] = await reader.take(1)
    expect(more).toEqual([])
    expect(JSON.parse(gap?.data ?? '')).toMatchObject({ from: id, reason: 'unknown' })
  })
})

describe('a callback that throws', () => {
  const thrower = () => {
    throw new Error('thrown')
  }

  it('never throws into the pipeline', async () => {
    const { sink, url } = await serveTestSink({ topic: thrower, onRejected: () => {} })
    sink.next({ data: 1 })
    sink.to(thrower).next({ data: 1 })
    sink.next(null as unknown as SseMessage)
    expect(sink.stats().rejected).toBe(3)
    expect((await openReader(url)).status).toBe(200)
  })
})

describe('a slow client', () => {
  async function fallBehind(options: SinkOptions['slowClient']) {
    const { sink, url } = await serveTestSink({ slowClient: { maxMessages: 3, ...options } })
    const reader = await openReader(url)
    reader.pause()
    await expect.poll(() => sink.stats().connections).toBe(1)
    while (sink.stats().behind === 0) {
      sink.next({ type: 'big', data: 'x'.repeat(1_000_000) })
      await sleep(1)
    }
    return { sink, reader }
  }

  it('gets the notice of the sink for the messages it missed', async () => {
    const { sink, reader } = await fallBehind({
      notice: (skipped) => ({ type: 'missed', data: `${skipped} events` }),
    })
    for (let n = 0; n < 10; n++) await sink.publish({ type: 'n', data: n })
    await expect.poll(() => sink.stats().skipped).toBeGreaterThan(0)
    reader.resume()
    await reader.until(({ tail }) => tail().endsWith('data: 9\n\n'))
    const small = reader.events().filter(({ type }) => type !== 'big')
    expect(small.map(({ type, data }) => `${type} ${data}`)).toEqual(['missed 7 events', 'n 7', 'n 8', 'n 9'])
  })

  it("misses only the messages that newer ones replaced, with policy 'coalesce'", async () => {
    const { sink, reader } = await fallBehind({
      policy: 'coalesce',
      key: ({ data }) => (data as { key: string }).key,
    })
    for (let n = 0; n < 9; n++) await sink.publish({ data: { key: 'abc'[n % 3], n } })
    await expect.poll(() => sink.stats().coalesced).toBe(6)
    reader.resume()
    await reader.until(({ tail }) => tail().endsWith('"n":8}\n\n'))
    const small = reader.events().filter(({ type }) => type !== 'big')
    expect(small.map(({ data }) => JSON.parse(data).n)).toEqual([6, 7, 8])
    expect(sink.stats().skipped).toBe(0)
  })

  it("is disconnected, with policy 'disconnect'", async () => {
    const { sink, reader } = await fallBehind({ policy: 'disconnect' })
    for (let n = 0; n < 10; n++) await sink.publish({ data: n })
    await expect.poll(() => sink.stats().disconnected).toBe(1)
    reader.resume()
    expect(await reader.ended).toBe('cut')
  })

  it.each([
    [{ maxMessages: 0 }, /slowClient\.maxMessages must be .* not the number 0/],
    [{ maxBytes: 1.5 }, /slowClient\.maxBytes must be .* not the number 1\.5/],
    [{ stalledFor: 'soon' as never }, /slowClient\.stalledFor must be .* not the string "soon"/],
    [{ policy: 'drop' as never }, /slowClient\.policy must be .* not the string "drop"/],
  ])('rejects the options %j at once', (slowClient, text) => {
    expect(() => createSink({ slowClient })).toThrow(text)
  })
})
