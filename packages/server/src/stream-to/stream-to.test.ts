import { setTimeout as sleep } from 'node:timers/promises'
import type { SseMessage } from '@rxsse/shared'
import { concat, EMPTY, from, NEVER, Observable, of, Subject, throwError } from 'rxjs'
import { describe, expect, it, onTestFinished } from 'vitest'
import { ADAPTERS } from '../../test/adapters.ts'
import { openReader } from '../../test/reader.ts'
import { serve } from '../../test/serve.ts'
import { readJson } from '../http/read-json.ts'
import { readLastEventId } from '../http/request.ts'
import type { StreamEndpoint } from '../http/stream-endpoint.ts'
import { RequestError } from '../sink/errors.ts'
import { type StreamOptions, streamTo } from './stream-to.ts'

type Project = Parameters<typeof streamTo<SseMessage>>[0]

async function serveStream(
  project: Project,
  options?: StreamOptions,
): Promise<{ stream: StreamEndpoint; url: string }> {
  const stream = streamTo(project, { onError: () => {}, ...options })
  onTestFinished(() => stream.close({ drain: 0 }))
  return { stream, url: await serve(stream.handler) }
}

describe('streamTo', () => {
  it('subscribes to a pipeline for each request, and ends the body with it', async () => {
    const { url } = await serveStream(({ url }) =>
      from([1, 2].map((n) => ({ data: `${url.searchParams.get('q')} ${n}` }))),
    )
    const one = await openReader(`${url}/?q=a`)
    const other = await openReader(`${url}/?q=b`)
    expect(await one.ended).toBe('end')
    expect(await other.ended).toBe('end')
    expect(one.events().map(({ data }) => data)).toEqual(['a 1', 'a 2'])
    expect(other.events().map(({ data }) => data)).toEqual(['b 1', 'b 2'])
  })

  it('takes promises and async iterables too', async () => {
    const { url } = await serveStream(async () =>
      (async function* () {
        yield { data: 1 }
        await null
        yield { data: 2 }
      })(),
    )
    const reader = await openReader(url)
    expect(await reader.ended).toBe('end')
    expect(reader.events().map(({ data }) => data)).toEqual(['1', '2'])
  })

  it('unsubscribes when the client leaves', async () => {
    let unsubscribed = 0
    const { stream, url } = await serveStream(
      () =>
        new Observable(() => () => {
          unsubscribed++
        }),
    )
    const reader = await openReader(url)
    await expect.poll(() => stream.stats().connections).toBe(1)
    reader.close()
    await expect.poll(() => unsubscribed).toBe(1)
    expect(stream.stats().connections).toBe(0)
  })

  it("lets the pipeline of a client that left finish, with whenGone 'finish'", async () => {
    const job = new Subject<SseMessage>()
    let finished = false
    job.subscribe({ complete: () => (finished = true) })
    const { stream, url } = await serveStream(() => job, { whenGone: 'finish' })
    const reader = await openReader(url)
    await expect.poll(() => stream.stats().connections).toBe(1)
    reader.close()
    await expect.poll(() => stream.stats().connections).toBe(0)
    expect(job.observed).toBe(true)
    job.next({ data: 'unseen' })
    job.complete()
    expect(finished).toBe(true)
  })

  it.each<[string, Project]>([
    ['a pipeline that fails at once', () => throwError(() => new Error('secret'))],
    [
      'a function that throws',
      () => {
        throw new Error('secret')
      },
    ],
    [
      'a function that rejects',
      async (): Promise<never> => {
        throw new Error('secret')
      },
    ],
  ])('answers a bare 500 to %s, and onError gets the error', async (_name, project) => {
    const errors: unknown[] = []
    const { url } = await serveStream(project, { onError: (error) => errors.push(error) })
    const reader = await openReader(url)
    expect(reader.status).toBe(500)
    await reader.ended
    expect(reader.text()).not.toContain('secret')
    expect(errors).toEqual([new Error('secret')])
  })

  it('answers with the status and text of a RequestError', async () => {
    const { url } = await serveStream(() => throwError(() => new RequestError(429, 'one at a time')))
    const reader = await openReader(url)
    expect(reader.status).toBe(429)
    await reader.ended
    expect(reader.text()).toBe('one at a time\n')
  })

  it('cuts the body after whole events and errorMessage if a pipeline fails later', async () => {
    const pipeline = new Subject<SseMessage>()
    const { url } = await serveStream(() => pipeline, {
      retry: false,
      errorMessage: () => ({ type: 'failed', data: 'sorry' }),
    })
    const reader = await openReader(url)
    pipeline.next({ data: 'half an' })
    pipeline.next({ data: 'answer' })
    pipeline.error(new Error('broken'))
    expect(await reader.ended).toBe('cut')
    expect(reader.text()).toBe(':\ndata: half an\n\ndata: answer\n\nevent: failed\ndata: sorry\n\n')
  })

  it('cuts the body if a message cannot be sent, which is an error like any other', async () => {
    const errors: unknown[] = []
    const { url } = await serveStream(
      () => concat(of({ data: 'good' }, { type: 'a\nb', data: 'bad' }), NEVER),
      {
        onError: (error) => errors.push(error),
      },
    )
    const reader = await openReader(url)
    expect(await reader.ended).toBe('cut')
    expect(reader.events()).toMatchObject([{ data: 'good' }])
    expect(errors).toMatchObject([{ code: 'message' }])
  })

  it('answers 204 if a pipeline is empty, so that browsers do not come back', async () => {
    const { url } = await serveStream((request) =>
      readLastEventId(request) === 'end' ? EMPTY : of({ data: 1, id: 'end' }),
    )
    const reader = await openReader(url)
    await reader.ended
    const again = await openReader(url, { headers: { 'last-event-id': reader.interpret().lastEventId } })
    expect(again.status).toBe(204)
  })

  it("waits for the first event with head 'first-event', so that an error can be a status", async () => {
    const upstream = new Subject<SseMessage>()
    const { url } = await serveStream(() => upstream, {
      head: 'first-event',
      errorStatus: () => 502,
    })
    const failing = openReader(url)
    await expect.poll(() => upstream.observed).toBe(true)
    upstream.error(new Error('no'))
    expect((await failing).status).toBe(502)
  })

  it('unsubscribes if the client leaves before the head', async () => {
    const upstream = new Subject<SseMessage>()
    const { url } = await serveStream(() => upstream, {
      head: 'first-event',
      limits: { connections: 1, overload: 503 },
    })
    const gone = new AbortController()
    const reading = openReader(url, { signal: gone.signal }).catch(() => {})
    await expect.poll(() => upstream.observed).toBe(true)
    gone.abort()
    await reading
    await expect.poll(() => upstream.observed).toBe(false)
    const next = openReader(url)
    await expect.poll(() => upstream.observed).toBe(true)
    upstream.next({ data: 'x' })
    expect((await next).status).toBe(200)
  })

  it('disconnects a client that does not keep up', async () => {
    const pipeline = new Subject<SseMessage>()
    const { stream, url } = await serveStream(() => pipeline, { slowClient: { maxBytes: 1_000_000 } })
    const reader = await openReader(url)
    reader.pause()
    await expect.poll(() => stream.stats().connections).toBe(1)
    while (pipeline.observed) {
      pipeline.next({ data: 'x'.repeat(100_000) })
      await sleep(1)
    }
    expect(stream.stats()).toMatchObject({ disconnected: 1, skipped: 0, connections: 0 })
    reader.resume()
    expect(await reader.ended).toBe('cut')
  })

  it('sends everything emitted, cuts streams and unsubscribes at close', async () => {
    const pipeline = new Subject<SseMessage>()
    const { stream, url } = await serveStream(() => pipeline)
    const reader = await openReader(url)
    await expect.poll(() => stream.stats().connections).toBe(1)
    pipeline.next({ data: 'last' })
    await stream.close()
    expect(pipeline.observed).toBe(false)
    expect(await reader.ended).toBe('cut')
    expect(reader.events()).toMatchObject([{ data: 'last' }])
  })

  describe.each(ADAPTERS)('over $name', ({ mount, open }) => {
    it('answers a POST of JSON with a stream', async () => {
      const stream = streamTo(
        async (request) =>
          from(((await readJson(request)) as { words: string[] }).words.map((data) => ({ data }))),
        { methods: ['POST'], onError: () => {} },
      )
      onTestFinished(() => stream.close({ drain: 0 }))
      const url = await mount(stream)
      const headers = { 'content-type': 'application/json' }
      const reader = await open(url, { method: 'POST', headers, body: '{"words":["é","b"]}' })
      expect(await reader.ended).toBe('end')
      expect(reader.events().map(({ data }) => data)).toEqual(['é', 'b'])
      const get = await open(url)
      expect(get.status).toBe(405)
      expect(get.headers.allow).toBe('POST')
    })

    it('unsubscribes when the client leaves', async () => {
      const pipeline = new Subject<SseMessage>()
      const stream = streamTo(() => pipeline)
      onTestFinished(() => stream.close({ drain: 0 }))
      const reader = await open(await mount(stream))
      await expect.poll(() => pipeline.observed).toBe(true)
      reader.close()
      await expect.poll(() => pipeline.observed).toBe(false)
    })
  })
})

describe('readJson', () => {
  it.each([
    ['not JSON', '{', 400],
    ['too long', JSON.stringify('x'.repeat(200)), 413],
  ])('answers a body that is %s', async (_name, body, status) => {
    const { url } = await serveStream(async (request) => of({ data: await readJson(request, 100) }), {
      methods: ['POST'],
    })
    expect((await openReader(url, { method: 'POST', body })).status).toBe(status)
  })
})
