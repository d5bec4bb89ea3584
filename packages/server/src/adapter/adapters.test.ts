import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { ADAPTERS } from '../../test/adapters.ts'
import type { Reader, ReaderOptions } from '../../test/reader.ts'
import { createTestSink } from '../../test/serve.ts'
import { memoryLog } from '../log/memory-log.ts'
import type { Sink } from '../sink/sink.ts'
import type { SinkOptions } from '../sink/sink-options.ts'

describe.each(ADAPTERS)('over $name', ({ mount, open, http2 }) => {
  async function mountSink(options?: SinkOptions): Promise<{
    sink: Sink
    read(query?: string, options?: ReaderOptions): Promise<Reader>
  }> {
    const sink = createTestSink(options)
    const url = await mount(sink)
    return { sink, read: (query = '', readerOptions) => open(url + query, readerOptions) }
  }

  it('the head is that of an event stream', async () => {
    const { read } = await mountSink()
    const { status, headers } = await read()
    expect(status).toBe(200)
    expect(headers['content-type']).toBe('text/event-stream')
    expect(headers['cache-control']).toBe('no-store, no-transform')
    expect(headers['x-accel-buffering']).toBe('no')
    expect(headers['content-length']).toBeUndefined()
    expect(headers['content-encoding']).toBeUndefined()
    if (http2) expect(headers.connection).toBeUndefined()
  })

  it('the first byte comes at once, and each event when it is published', async () => {
    const { sink, read } = await mountSink()
    const reader = await read()
    await reader.until(({ text }) => /^retry: [2-4]\d{3}\n$/.test(text()))
    for (let n = 1; n <= 3; n++) {
      await sink.publish({ type: 'n', data: { n }, id: `${n}` })
      await reader.take(n)
    }
    expect(reader.events()).toEqual(
      [1, 2, 3].map((n) => ({ type: 'n', data: `{"n":${n}}`, lastEventId: `${n}` })),
    )
  })

  it('a client that leaves is noticed at once', async () => {
    const { sink, read } = await mountSink()
    const leaving = await read()
    const staying = await read()
    await expect.poll(() => sink.stats().connections).toBe(2)
    leaving.close()
    await expect.poll(() => sink.stats().connections).toBe(1)
    await sink.publish({ data: 'x' })
    await staying.take(1)
  })

  it('a client that does not read and leaves is noticed at once', async () => {
    const { sink, read } = await mountSink({ heartbeat: false })
    const leaving = await read()
    leaving.pause()
    while (sink.stats().behind === 0) {
      await sink.publish({ data: 'x'.repeat(100_000) })
      await sleep(1)
    }
    leaving.close()
    await expect.poll(() => sink.stats().connections, { timeout: 5_000 }).toBe(0)
  })

  it('a client resumes, by header and by query, with an id beyond ASCII', async () => {
    const { sink, read } = await mountSink({ log: memoryLog({ ids: 'message' }) })
    await sink.publish({ data: 1, id: 'ą-😀' })
    await sink.publish({ data: 2, id: 'b' })
    const header = Buffer.from('ą-😀').toString('latin1')
    const byHeader = await read('', { headers: { 'last-event-id': header } })
    expect(await byHeader.take(1)).toMatchObject([{ data: '2' }])
    const byQuery = await read(`?lastEventId=${encodeURIComponent('ą-😀')}`)
    expect(await byQuery.take(1)).toMatchObject([{ data: '2' }])
  })

  it('a client that does not read misses the oldest messages that do not fit; others miss nothing', async () => {
    const { sink, read } = await mountSink({ slowClient: { maxMessages: 10 } })
    const stalled = await read()
    const fast = await read()
    await expect.poll(() => sink.stats().connections).toBe(2)
    stalled.pause()
    let published = 0
    const last = 'event: last\ndata:\n\n'
    const data = 'x'.repeat(100_000)
    while (sink.stats().skipped < 5) {
      await sink.publish({ type: `${published++}`, data })
      await sleep(1)
      await expect.poll(() => sink.stats().behind).toBeLessThanOrEqual(1)
    }
    stalled.resume()
    await sink.publish({ type: 'last', data: '' })
    await stalled.until(({ tail }) => tail().endsWith(last))
    const skipped = stalled
      .events()
      .filter(({ type }) => type === 'lagged')
      .reduce((sum, { data }) => sum + JSON.parse(data).skipped, 0)
    const seen = stalled.events().filter(({ type }) => type !== 'lagged')
    expect(skipped).toBe(sink.stats().skipped)
    expect(seen.length + skipped).toBe(published + 1)
    await fast.until(({ tail }) => tail().endsWith(last))
    expect(fast.events()).toHaveLength(published + 1)
  })

  it('the end of the sink is the end of the body', async () => {
    const { sink, read } = await mountSink({ retry: '1s' })
    const reader = await read()
    await sink.publish({ data: 'last' })
    await sink.close()
    expect(await reader.ended).toBe('end')
    expect(reader.events()).toMatchObject([{ data: 'last' }])
    expect(reader.interpret().retry).toBeGreaterThanOrEqual(1000)
  })

  it("HEAD gets only the head, another method 405, and with accept 'strict' JSON alone 406", async () => {
    const { sink, read } = await mountSink({ accept: 'strict' })
    const head = await read('', { method: 'HEAD' })
    expect(head.status).toBe(200)
    expect(head.headers['content-type']).toBe('text/event-stream')
    expect(await head.ended).toBe('end')
    const post = await read('', { method: 'POST' })
    expect(post.status).toBe(405)
    expect(post.headers.allow).toBe('GET, HEAD')
    expect((await read('', { headers: { accept: 'application/json' } })).status).toBe(406)
    expect(sink.stats().opened).toBe(0)
  })

  it('a browser of an allowed origin may read, also after a preflight', async () => {
    const { read } = await mountSink({ cors: { origins: ['https://app.example'], credentials: true } })
    const origin = 'https://app.example'
    const reader = await read('', { headers: { origin } })
    expect(reader.headers['access-control-allow-origin']).toBe(origin)
    expect(reader.headers['access-control-allow-credentials']).toBe('true')
    expect(reader.headers.vary).toContain('Origin')
    const preflight = await read('', {
      method: 'OPTIONS',
      headers: {
        origin,
        'access-control-request-method': 'GET',
        'access-control-request-headers': 'last-event-id',
      },
    })
    expect(preflight.status).toBe(204)
    expect(preflight.headers['access-control-allow-methods']).toBe('GET, HEAD')
    expect(preflight.headers['access-control-allow-headers']).toContain('Last-Event-ID')
    const stranger = await read('', { headers: { origin: 'https://evil.example' } })
    expect(stranger.headers['access-control-allow-origin']).toBeUndefined()
    expect(stranger.headers.vary).toContain('Origin')
  })

  it('access gets the request, and its denial is the response', async () => {
    const { sink, read } = await mountSink({
      access: async ({ method, url, headers, signal }) => {
        expect(method).toBe('GET')
        expect(url.pathname).toBe('/live')
        expect(signal.aborted).toBe(false)
        if (!headers.has('authorization')) return { deny: 401 }
        return url.searchParams.get('key') === 'right'
          ? { allow: true, user: '42', rooms: ['own'] }
          : { deny: 403 }
      },
    })
    const missing = await read()
    expect(missing.status).toBe(401)
    expect(missing.headers['www-authenticate']).toBe('Bearer')
    const headers = { authorization: 'Bearer x' }
    expect((await read('?key=wrong', { headers })).status).toBe(403)
    const reader = await read('?key=right', { headers })
    await sink.publish({ data: 'others' }, { user: '43' })
    await sink.publish({ data: 'mine' }, { user: '42' })
    await sink.publish({ data: 'room' }, { room: 'own' })
    expect((await reader.take(2)).map(({ data }) => data)).toEqual(['mine', 'room'])
  })

  it('a client that leaves while access decides holds no permit', async () => {
    let decide: (() => void) | undefined
    let aborted = false
    const { sink, read } = await mountSink({
      limits: { connections: 1 },
      access: ({ url, signal }) => {
        if (!url.searchParams.has('slow')) return { allow: true }
        return new Promise((resolve) => {
          decide = () => resolve({ allow: true })
          signal.addEventListener('abort', () => {
            aborted = true
          })
        })
      },
    })
    const abandoned = new AbortController()
    const gone = read('?slow', { signal: abandoned.signal }).catch(() => {})
    await expect.poll(() => decide).toBeDefined()
    abandoned.abort()
    await gone
    await expect.poll(() => aborted).toBe(true)
    decide?.()
    const reader = await read()
    await sink.publish({ data: 'x' })
    expect(await reader.take(1)).toHaveLength(1)
    expect(sink.stats().opened).toBe(1)
  })
})
