import { once } from 'node:events'
import { createServer, type IncomingMessage, type RequestListener, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fromEventSource } from '@rxsse/core'
import { createStage, data } from '@rxsse/operators'
import { createSink } from '@rxsse/server'
import { VirtualClock } from '@rxsse/testing/virtual-time'
import { BehaviorSubject, firstValueFrom, map, of } from 'rxjs'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { inspect } from './inspect.ts'
import type { InspectableJobStatus } from './inspectable.ts'
import type { Sample } from './sample.ts'
import { watchSource } from './watch-source.ts'

async function serve(handler: RequestListener): Promise<string> {
  const server = createServer(handler).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/inspector`
}

const readSamples = (url: string) =>
  fromEventSource(url, { reconnect: false }).pipe(map(({ data }): Sample => JSON.parse(data)))

/** A sink that counts how often it is read. */
function createReadSink() {
  const sink = { reads: 0, stats: () => ({ connections: ++sink.reads }) }
  return sink
}

describe('the inspector', () => {
  it('answers with a page that runs nothing but its own script', async () => {
    const url = await serve(inspect({}).handler)
    const response = await fetch(url, { headers: { accept: 'text/html' } })
    expect(response.status).toBe(200)
    expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8')
    expect(response.headers.get('content-security-policy')).toMatch(
      /^default-src 'none'; .*script-src 'sha256-/,
    )
    expect(response.headers.get('vary')).toContain('Accept')
    expect(response.headers.get('cache-control')).toBe('no-store')
    const html = await response.text()
    expect(html).toContain('<title>rxsse inspector</title>')
    expect(html).not.toMatch(/(src|href)="?(https?:)?\/\//)
  })

  it.each(['text/html', 'text/event-stream'])('answers HEAD as GET, without a body: %s', async (accept) => {
    const sink = createReadSink()
    const url = await serve(inspect({ sinks: { read: sink as never } }).handler)
    const leaving = new AbortController()
    const ask = async (method: string) => {
      const response = await fetch(url, { method, headers: { accept }, signal: leaving.signal })
      const { status, headers } = response
      const names = ['content-type', 'content-security-policy', 'vary', 'cache-control']
      return [status, ...names.map((name) => headers.get(name))]
    }
    const head = await ask('HEAD')
    expect(sink.reads).toBe(0)
    expect(head).toEqual(await ask('GET'))
    expect(String(head[1])).toContain(accept)
    leaving.abort()
  })

  it('sends what everything does', async () => {
    const sink = createSink()
    const stage = createStage('data')
    of({ type: 'message', data: 'x', lastEventId: '' }).pipe(data({ stage })).subscribe()
    const trades = watchSource()
    trades.state.next({ status: 'open', url: 'http://x/' })
    const status = new BehaviorSubject<InspectableJobStatus>({
      phase: 'running',
      restoredFrom: 3,
      saved: { number: 4, bytes: 1_200, time: 0 },
      unsaved: 5,
      pending: 6,
      waitingFor: 'decode',
      saveError: new Error('the disk is full'),
      error: undefined,
    })
    const inspector = inspect({
      sources: { trades },
      pipelines: { prices: [stage] },
      sinks: { public: sink },
      jobs: { minutes: { status } },
    })
    const sample = await firstValueFrom(readSamples(await serve(inspector.handler)))
    expect(sample.process).toMatchObject({ pid: process.pid })
    expect(sample.sources).toMatchObject([{ name: 'trades', status: 'open', timeline: [{ status: 'open' }] }])
    expect(sample.pipelines).toMatchObject([{ name: 'prices', stages: [{ name: 'data', in: 1, out: 1 }] }])
    expect(sample.sinks).toMatchObject([
      { name: 'public', counts: { connections: 0, published: 0 }, rooms: [] },
    ])
    expect(sample.jobs).toEqual([
      {
        name: 'minutes',
        status: 'running',
        details: [
          ['last snapshot', '#4, 1200 B'],
          ['saved at', '00:00:00'],
          ['restored from', '#3'],
          ['events since', '5'],
          ['undelivered', '6'],
          ['waits for', 'decode'],
          ['problem', 'the disk is full'],
        ],
      },
    ])
    await expect.poll(() => status.observed).toBe(false)
  })

  it('reads nothing while nobody looks, and once a second however many look', async () => {
    const clock = new VirtualClock()
    const sink = createReadSink()
    const inspector = inspect({ sinks: { sink }, scheduler: clock })
    const url = await serve(inspector.handler)
    clock.advanceBy(10_000)
    expect([sink.reads, clock.timers]).toEqual([0, 0])

    const seen: Sample[][] = [[], []]
    const readers = seen.map((samples) => readSamples(url).subscribe((sample) => samples.push(sample)))
    await expect.poll(() => inspector.stats().connections).toBe(2)
    expect(clock.timers).toBe(1)
    for (let second = 1; second <= 3; second++) {
      const before = seen.map((samples) => samples.length)
      clock.advanceBy(1_000)
      await expect.poll(() => seen.every((samples, n) => samples.length > (before[n] ?? 0))).toBe(true)
    }
    expect(sink.reads).toBeLessThanOrEqual(4)
    for (const reader of readers) reader.unsubscribe()
    await expect.poll(() => clock.timers).toBe(0)
    const { reads } = sink
    clock.advanceBy(10_000)
    expect(sink.reads).toBe(reads)
  })

  it('sends the whole time line of a source to everybody who looks, at any time', async () => {
    const trades = watchSource()
    trades.state.next({ status: 'connecting' })
    const url = await serve(inspect({ sources: { trades }, every: 20 }).handler)
    const readStatuses = async () =>
      (await firstValueFrom(readSamples(url))).sources.flatMap(({ timeline }) =>
        timeline.map(({ status }) => status),
      )
    expect(await readStatuses()).toEqual(['connecting'])
    trades.state.next({ status: 'open' })
    expect(await Promise.all([readStatuses(), readStatuses()])).toEqual([
      ['connecting', 'open'],
      ['connecting', 'open'],
    ])
  })

  it('asks its access rule for the page and for the events', async () => {
    const inspector = inspect({
      access: ({ headers }) =>
        headers.get('authorization') === 'Bearer me' ? { allow: true } : { deny: 401 },
    })
    const url = await serve(inspector.handler)
    for (const accept of ['text/html', 'text/event-stream']) {
      expect((await fetch(url, { headers: { accept } })).status).toBe(401)
      const allowed = await fetch(url, { headers: { accept, authorization: 'Bearer me' } })
      expect(allowed.status).toBe(200)
      await allowed.body?.cancel()
    }
  })

  it('denies everybody in production unless it has an access rule', async () => {
    vi.stubEnv('NODE_ENV', 'production')
    onTestFinished(() => void vi.unstubAllEnvs())
    expect((await fetch(await serve(inspect({}).handler))).status).toBe(403)
    const open = inspect({ access: () => ({ allow: true }) })
    expect((await fetch(await serve(open.handler))).status).toBe(200)
  })

  it('answers without an access rule only who is on the same machine', async () => {
    const { port } = new URL(await serve(inspect({}).handler))
    const statusOf = async (host: string, headers: Record<string, string> = {}) => {
      const asked = request({ port, host: '127.0.0.1', path: '/', headers: { host, ...headers } }).end()
      const [response] = (await once(asked, 'response')) as [IncomingMessage]
      response.resume()
      return response.statusCode
    }
    for (const host of [
      'localhost',
      'LOCALHOST:9090',
      'app.localhost',
      '127.0.0.1:80',
      '127.1.2.3',
      '[::1]:9090',
    ])
      expect([host, await statusOf(host)]).toEqual([host, 200])
    for (const host of [
      'evil.example',
      '127.0.0.1.evil.example',
      'localhost.evil.example',
      'localhost/evil',
      '10.0.0.1',
      '[::2]',
    ])
      expect([host, await statusOf(host)]).toEqual([host, 403])
    expect(await statusOf('localhost', { 'x-forwarded-for': '10.0.0.1' })).toBe(403)
    expect(await statusOf('localhost', { forwarded: 'for=10.0.0.1' })).toBe(403)
  })

  it('answers by fetch nobody without an access rule, because the address is not known', async () => {
    const { fetch: answer } = inspect({})
    expect((await answer(new Request('http://localhost/'))).status).toBe(403)
  })

  it('answers without an access rule nobody on another machine, whatever host it names', async () => {
    const { handler } = inspect({})
    const statuses: number[] = []
    for (const remoteAddress of ['10.0.0.1', '::ffff:10.0.0.1', '::1', '::ffff:127.0.0.1']) {
      const url = await serve((incoming, response) => {
        Object.defineProperty(incoming.socket, 'remoteAddress', { value: remoteAddress })
        handler(incoming, response)
      })
      statuses.push((await fetch(url)).status)
    }
    expect(statuses).toEqual([403, 403, 200, 200])
  })

  it('is mounted by fetch too', async () => {
    const { fetch: answer } = inspect({
      sinks: { sink: createReadSink() },
      access: () => ({ allow: true }),
    })
    const page = await answer(new Request('http://localhost/', { headers: { accept: 'text/html' } }))
    expect(await page.text()).toContain('rxsse inspector')
    const events = await answer(
      new Request('http://localhost/', { headers: { accept: 'text/event-stream' } }),
    )
    const reader = (events.body as ReadableStream<Uint8Array>).getReader()
    let text = ''
    while (!text.includes('"sinks":[{"name":"sink"')) {
      text += new TextDecoder().decode((await reader.read()).value)
    }
    await reader.cancel()
  })

  it('is cut, and told to onError, if something cannot be read', async () => {
    const errors = vi.spyOn(console, 'error').mockImplementation(() => {})
    onTestFinished(() => errors.mockRestore())
    const broken = {
      stats(): object {
        throw new Error('no stats today')
      },
    }
    const url = await serve(inspect({ sinks: { broken } }).handler)
    await expect(firstValueFrom(readSamples(url))).rejects.toMatchObject({ code: expect.any(String) })
    expect(String(errors.mock.calls)).toContain('no stats today')
  })

  it('refuses wrong options', () => {
    expect(() => inspect({ every: 0 })).toThrow('inspect: every must be a duration longer than zero')
    // A timer with a longer delay would fire at once, again and again.
    expect(() => inspect({ every: '30d' })).toThrow('inspect: every must be a duration')
    expect(() => inspect({ sinks: { a: {} as never } })).toThrow(
      'inspect: sinks.a must be a sink or a streamTo',
    )
    expect(() => inspect({ sources: { a: {} as never } })).toThrow(
      'inspect: sources.a must be made by watchSource()',
    )
    expect(() => inspect({ pipelines: { a: {} as never } })).toThrow(
      'inspect: pipelines.a must be an array of stages',
    )
    expect(() => inspect({ jobs: { a: {} as never } })).toThrow(
      'inspect: jobs.a must be a job of createJob()',
    )
    expect(() => inspect({ jobs: 1 as never })).toThrow('inspect: jobs must be an object of names')
  })
})
