import { createGunzip, gunzipSync } from 'node:zlib'
import { referenceParse } from '@rxsse/testing'
import { describe, expect, it, onTestFinished } from 'vitest'
import { ADAPTERS } from '../../test/adapters.ts'
import { ManualScheduler } from '../../test/manual-scheduler.ts'
import { openReader } from '../../test/reader.ts'
import { serve } from '../../test/serve.ts'
import { acceptsGzip } from '../http/negotiate.ts'
import { memoryLog } from '../log/memory-log.ts'
import { createSink, type Sink } from '../sink/sink.ts'
import type { SinkOptions } from '../sink/sink-options.ts'

async function serveSink(
  options?: SinkOptions,
): Promise<{ sink: Sink; url: string; scheduler: ManualScheduler }> {
  const scheduler = new ManualScheduler()
  const sink = createSink({ compression: 'shared', scheduler, ...options })
  onTestFinished(() => sink.close({ drain: 0 }))
  return { sink, url: await serve(sink.handler), scheduler }
}

const gzip = { 'accept-encoding': 'gzip, br' }

/** Decompresses each chunk as it arrives, as a browser does. */
async function openGzip(url: string, headers: Record<string, string> = {}, open = openReader) {
  const reader = await open(url, { headers: { ...gzip, ...headers } })
  const chunks: Buffer[] = []
  let wire = 0
  const unzip = createGunzip()
  let failure: unknown
  unzip.on('error', (error) => {
    failure = error
  })
  unzip.on('data', (chunk: Buffer) => chunks.push(chunk))
  reader.body.on('data', (chunk: Buffer) => {
    wire += chunk.length
    unzip.write(chunk)
  })
  const events = () => referenceParse(Buffer.concat(chunks)).events
  return {
    reader,
    events,
    /** The end of the text so far, which is cheap for a long stream. */
    tail: () => Buffer.concat(chunks.slice(-2)).toString().slice(-100),
    wire: () => wire,
    async take(count: number) {
      await expect.poll(() => failure !== undefined || events().length >= count).toBe(true)
      if (failure !== undefined) throw failure
      return events()
    },
  }
}

describe("compression: 'shared'", () => {
  it('sends each event at once, and a valid gzip file to every client, early or late', async () => {
    const { sink, url, scheduler } = await serveSink()
    const clients = []
    let n = 0
    for (let joined = 0; joined < 4; joined++) {
      clients.push({ client: await openGzip(url), from: n })
      await expect.poll(() => sink.stats().connections).toBe(joined + 1)
      for (let i = 0; i < 3; i++) {
        scheduler.advance(600)
        await sink.publish({ type: 'price', data: { n: n++, symbol: 'AAPL' } })
        for (const { client, from } of clients) await client.take(n - from)
      }
    }
    await sink.close()
    for (const { client, from } of clients) {
      expect(client.reader.headers['content-encoding']).toBe('gzip')
      expect(client.reader.headers.vary).toBe('Accept-Encoding')
      expect(await client.reader.ended).toBe('end')
      const numbers = client.events().map(({ data }) => JSON.parse(data).n)
      expect(numbers).toEqual(Array.from({ length: n - from }, (_, i) => from + i))
    }
  })

  it('sends at most half the bytes to clients in step', async () => {
    const { sink, url, scheduler } = await serveSink()
    const client = await openGzip(url)
    await expect.poll(() => sink.stats().connections).toBe(1)
    await sink.publish({ data: 'first' })
    await client.take(1)
    const before = client.wire()
    scheduler.advance(2_000)
    let plain = 0
    for (let n = 0; n < 200; n++) {
      const data = JSON.stringify({
        symbol: 'AAPL',
        price: 100 + n / 7,
        side: 'buy',
        venue: 'XNAS',
        at: 1_700_000_000 + n,
      })
      plain += data.length + 8
      await sink.publish({ data })
      await client.take(n + 2)
    }
    expect((client.wire() - before) * 2).toBeLessThan(plain)
  })

  it('does not compress for clients that do not accept gzip, or for users', async () => {
    const { sink, url } = await serveSink({ identify: ({ headers }) => headers.get('x-user') ?? undefined })
    const plain = await openReader(url)
    const user = await openReader(url, { headers: { ...gzip, 'x-user': '42' } })
    expect(plain.headers['content-encoding']).toBeUndefined()
    expect(user.headers['content-encoding']).toBeUndefined()
    expect(plain.headers.vary).toBe('Accept-Encoding')
    await sink.publish({ data: 'x' })
    await plain.take(1)
    await user.take(1)
  })

  it('resumes, sends heartbeats and filters as an uncompressed stream does', async () => {
    const { sink, url, scheduler } = await serveSink({
      log: memoryLog(),
      heartbeat: { interval: '1s', as: 'event', onlyWhenQuiet: true },
    })
    const { id = '' } = await sink.publish({ data: 0 })
    await sink.publish({ type: 'a', data: 1 })
    await sink.publish({ type: 'b', data: 2 })
    const client = await openGzip(`${url}/?event_type=a`, { 'last-event-id': id })
    await client.take(1)
    scheduler.advance(1_000)
    await client.take(2)
    await sink.publish({ type: 'a', data: 3 })
    await client.take(3)
    scheduler.advance(2_000)
    await client.take(4)
    expect(client.events().map(({ type }) => type)).toEqual(['a', 'heartbeat', 'a', 'heartbeat'])
  })

  it('lets a client that fell behind get back in step', async () => {
    const { sink, url, scheduler } = await serveSink({ slowClient: { maxMessages: 5 } })
    const client = await openGzip(url)
    client.reader.pause()
    await expect.poll(() => sink.stats().connections).toBe(1)
    let n = 0
    const publishNoise = async () => {
      scheduler.advance(10)
      // Random text does not compress, so it fills the socket.
      const noise = Array.from({ length: 3_000 }, () => Math.random().toString(36)).join('')
      await sink.publish({ data: { n: n++, noise } })
      return sink.stats().skipped
    }
    await expect.poll(publishNoise, { interval: 1 }).toBeGreaterThanOrEqual(5)
    client.reader.resume()
    await expect.poll(() => sink.stats().behind).toBe(0)
    for (let i = 0; i < 10; i++) {
      scheduler.advance(600)
      await sink.publish({ data: { n: n++ } })
      await expect.poll(client.tail).toContain(`{"n":${n - 1}}`)
    }
    const seen = client.events()
    const skipped = seen
      .filter(({ type }) => type === 'lagged')
      .reduce((sum, { data }) => sum + JSON.parse(data).skipped, 0)
    expect(seen.filter(({ type }) => type === 'message').length + skipped).toBe(n)
  })

  it('is a valid gzip file even if there are no events', async () => {
    const { sink, url } = await serveSink()
    const reader = await openReader(url, { headers: gzip })
    const chunks: Buffer[] = []
    reader.body.on('data', (chunk: Buffer) => chunks.push(chunk))
    await expect.poll(() => sink.stats().connections).toBe(1)
    await sink.close()
    await reader.ended
    expect(gunzipSync(Buffer.concat(chunks)).toString()).toMatch(/^retry: \d+\n: reconnect\nretry: \d+\n$/)
  })

  it.each(ADAPTERS)('works with $name', async ({ mount, open }) => {
    const sink = createSink({ compression: 'shared' })
    onTestFinished(() => sink.close({ drain: 0 }))
    const client = await openGzip(await mount(sink), {}, open)
    expect(client.reader.headers['content-encoding']).toBe('gzip')
    for (let n = 1; n <= 5; n++) {
      await sink.publish({ data: n })
      await client.take(n)
    }
  })
})

describe('Accept-Encoding', () => {
  it.each([
    [null, false],
    ['', false],
    ['gzip', true],
    ['GZIP;q=0.5', true],
    ['gzip;q=0', false],
    ['br, deflate', false],
    ['*', true],
    ['*;q=0', false],
    ['*, gzip;q=0', false],
    ['x-gzip', true],
  ])('%s accepts gzip: %s', (header, accepted) => {
    expect(acceptsGzip(header)).toBe(accepted)
  })
})
