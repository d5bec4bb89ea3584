import { connect, type Socket } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { eventually } from '../../test/eventually.ts'
import { ManualScheduler } from '../../test/manual-scheduler.ts'
import { openReader } from '../../test/reader.ts'
import { serve } from '../../test/serve.ts'
import { served } from '../../test/served.ts'
import { memoryLog } from '../log/memory-log.ts'
import type { SseMessage } from './message.ts'
import { createSink, type Sink } from './sink.ts'
import type { SinkOptions } from './sink-options.ts'

/** A bare connection that has sent a request and reads nothing. */
async function rawClient(
  url: string,
  request = 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n',
): Promise<Socket> {
  const { port, hostname } = new URL(url)
  const socket = connect({ port: Number(port), host: hostname, allowHalfOpen: true })
  socket.on('error', () => {})
  socket.pause()
  socket.write(request)
  onTestFinished(() => void socket.destroy())
  return socket
}

async function expectAlive(sink: Sink, url: string): Promise<void> {
  const reader = await openReader(url)
  await sink.publish({ type: 'alive', data: 'yes' })
  await reader.until(({ events }) => events().some(({ type }) => type === 'alive'))
  reader.close()
}

describe('nobody is hurt by a client that', () => {
  it('resets its connection in the middle of a burst', async () => {
    const { sink, url } = await served()
    const sockets = await Promise.all(Array.from({ length: 10 }, () => rawClient(url)))
    await eventually(() => sink.stats().connections === 10)
    for (const socket of sockets) {
      for (let n = 0; n < 50; n++) sink.next({ data: 'x'.repeat(1_000) })
      socket.resetAndDestroy()
    }
    await eventually(() => sink.stats().connections === 0)
    await expectAlive(sink, url)
  })

  it('ends its half of the connection', async () => {
    const { sink, url } = await served()
    const socket = await rawClient(url)
    await eventually(() => sink.stats().connections === 1)
    socket.end()
    await eventually(() => sink.stats().connections === 0)
    await expectAlive(sink, url)
  })

  it('never reads: what waits for it is bounded, and after a while it is cut off', async () => {
    const scheduler = new ManualScheduler()
    const { sink, url } = await served({ scheduler, slowClient: { maxMessages: 10, stalledFor: '30s' } })
    await rawClient(url)
    await eventually(() => sink.stats().connections === 1)
    while (sink.stats().skipped < 10) {
      sink.next({ data: 'x'.repeat(200_000) })
      await eventually(() => true)
    }
    scheduler.advance(29_000)
    expect(sink.stats()).toMatchObject({ connections: 1, behind: 1, disconnected: 0 })
    scheduler.advance(15_000)
    await eventually(() => sink.stats().connections === 0)
    expect(sink.stats()).toMatchObject({ behind: 0, disconnected: 1 })
    await expectAlive(sink, url)
  })

  it.each([
    ['HTTP/1.0', 'GET / HTTP/1.0\r\n\r\n'],
    ['no host', 'GET / HTTP/1.0\r\nHost: \r\n\r\n'],
    ['an absolute target', 'GET http://[/ HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['a target of slashes', 'GET //evil/?event_type=a HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['a host that is none', 'GET / HTTP/1.1\r\nHost: a b:c:d\r\n\r\n'],
  ])('asks with %s', async (_name, request) => {
    const { sink, url } = await served()
    await rawClient(url, request)
    await eventually(() => sink.stats().opened === 1)
    await expectAlive(sink, url)
  })

  it('reads by HTTP/1.0, which has no chunks', async () => {
    const { sink, url } = await served({ retry: false })
    const socket = await rawClient(url, 'GET / HTTP/1.0\r\n\r\n')
    let text = ''
    socket.on('data', (bytes) => {
      text += bytes.toString()
    })
    socket.resume()
    await eventually(() => text.endsWith('\r\n\r\n:\n\n'))
    await sink.publish({ data: 'x' })
    await eventually(() => text.endsWith('\r\n\r\n:\n\ndata: x\n\n'))
  })

  it('pipelines requests: each gets its stream in its turn', async () => {
    const { sink, url } = await served({ onComplete: 'close' })
    const request = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'
    const socket = await rawClient(url, request + request)
    let text = ''
    socket.on('data', (bytes) => {
      text += bytes.toString()
    })
    socket.resume()
    await eventually(() => sink.stats().opened === 2)
    await sink.publish({ data: 'x' })
    sink.complete()
    await eventually(() => text.split('HTTP/1.1 200').length === 3 && text.endsWith('0\r\n\r\n'))
    expect(text.split('data: x\n\n')).toHaveLength(3)
  })
})

describe('what a client says', () => {
  it('after its request, on a connection that was taken over, is answered by nobody', async () => {
    const sink = createSink({ takeover: true, retry: false })
    onTestFinished(() => sink.close({ drain: 0 }))
    const url = await serve(sink.handler)
    const request = 'GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello'
    const socket = await rawClient(url, request)
    let text = ''
    socket.on('data', (bytes) => {
      text += bytes.toString()
    })
    socket.resume()
    await eventually(() => text.endsWith(':\n\n\r\n'))
    for (let n = 0; n < 20; n++) socket.write(request)
    await sink.publish({ data: 'x' })
    await eventually(() => text.endsWith('data: x\n\n\r\n'))
    expect(text.split('HTTP/1.1')).toHaveLength(2)
    expect(sink.stats()).toMatchObject({ opened: 1, connections: 1 })
  })

  it.each([
    ['line breaks', 'a\r\ndata: evil\n\nevent: evil\n\n'],
    ['NUL', 'a\0b'],
    ['a semblance of a field', 'id: a'],
  ])('as the id it has, with %s, is quoted to it and is no line of its own', async (_name, id) => {
    const { url } = await served({ log: memoryLog() })
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

  it('does not throw into the pipeline', async () => {
    const { sink, url } = await served({ topic: thrower, onRejected: () => {} })
    sink.next({ data: 1 })
    sink.to(thrower).next({ data: 1 })
    sink.next(null as unknown as SseMessage)
    expect(sink.stats().rejected).toBe(3)
    expect((await openReader(url)).status).toBe(200)
  })
})

describe('what a slow client misses', () => {
  async function behind(options: SinkOptions['slowClient']) {
    const { sink, url } = await served({ slowClient: { maxMessages: 3, ...options } })
    const reader = await openReader(url)
    reader.pause()
    await eventually(() => sink.stats().connections === 1)
    while (sink.stats().behind === 0) {
      sink.next({ type: 'big', data: 'x'.repeat(1_000_000) })
      await eventually(() => true)
    }
    return { sink, reader }
  }

  it('is told by the notice of the sink', async () => {
    const { sink, reader } = await behind({
      notice: (skipped) => ({ type: 'missed', data: `${skipped} events` }),
    })
    for (let n = 0; n < 10; n++) await sink.publish({ type: 'n', data: n })
    await eventually(() => sink.stats().skipped > 0)
    reader.resume()
    await reader.until(({ tail }) => tail().endsWith('data: 9\n\n'))
    const small = reader.events().filter(({ type }) => type !== 'big')
    expect(small.map(({ type, data }) => `${type} ${data}`)).toEqual(['missed 7 events', 'n 7', 'n 8', 'n 9'])
  })

  it('is nothing but what newer messages replace, where it coalesces', async () => {
    const { sink, reader } = await behind({
      policy: 'coalesce',
      key: ({ data }) => (data as { key: string }).key,
    })
    for (let n = 0; n < 9; n++) await sink.publish({ data: { key: 'abc'[n % 3], n } })
    await eventually(() => sink.stats().coalesced === 6)
    reader.resume()
    await reader.until(({ tail }) => tail().endsWith('"n":8}\n\n'))
    const small = reader.events().filter(({ type }) => type !== 'big')
    expect(small.map(({ data }) => JSON.parse(data).n)).toEqual([6, 7, 8])
    expect(sink.stats().skipped).toBe(0)
  })

  it('is nothing where it is disconnected, as it resumes from the log', async () => {
    const { sink, reader } = await behind({ policy: 'disconnect' })
    for (let n = 0; n < 10; n++) await sink.publish({ data: n })
    await eventually(() => sink.stats().disconnected === 1)
    reader.resume()
    expect(await reader.ended).toBe('cut')
  })

  it.each([
    [{ maxMessages: 0 }, /slowClient\.maxMessages is 0/],
    [{ maxBytes: 1.5 }, /slowClient\.maxBytes is 1\.5/],
    [{ stalledFor: 'soon' as never }, /slowClient\.stalledFor is 'soon'/],
    [{ policy: 'drop' as never }, /slowClient\.policy is "drop"/],
  ])('is decided by options that are checked at once: %j', (slowClient, text) => {
    expect(() => createSink({ slowClient })).toThrow(text)
  })
})
