import { concat, EMPTY, from, NEVER, Observable, of, Subject, throwError } from 'rxjs'
import { describe, expect, it, onTestFinished } from 'vitest'
import { eventually } from '../../test/eventually.ts'
import { openReader } from '../../test/reader.ts'
import { serve } from '../../test/serve.ts'
import { waysIn } from '../../test/ways-in.ts'
import { readJson } from '../http/read-json.ts'
import { lastEventIdOf } from '../http/request.ts'
import { RequestError } from '../sink/errors.ts'
import type { SseMessage } from '../sink/message.ts'
import { type StreamEndpoint, type StreamOptions, streamTo } from './stream-to.ts'

type Project = Parameters<typeof streamTo<SseMessage>>[0]

async function served(
  project: Project,
  options?: StreamOptions,
): Promise<{ stream: StreamEndpoint; url: string }> {
  const stream = streamTo(project, { onError: () => {}, ...options })
  onTestFinished(() => stream.close({ drain: 0 }))
  return { stream, url: await serve(stream.handler) }
}

describe('streamTo', () => {
  it('subscribes to a pipeline for each request, and ends the body with it (V15)', async () => {
    const { url } = await served(({ url }) =>
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
    const { url } = await served(async () =>
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

  it('unsubscribes when the client leaves (V14)', async () => {
    let unsubscribed = 0
    const { stream, url } = await served(
      () =>
        new Observable(() => () => {
          unsubscribed++
        }),
    )
    const reader = await openReader(url)
    await eventually(() => stream.stats().connections === 1)
    reader.close()
    await eventually(() => unsubscribed === 1)
    expect(stream.stats().connections).toBe(0)
  })

  it('lets a pipeline finish whose client has left, where that is asked for', async () => {
    const job = new Subject<SseMessage>()
    let finished = false
    job.subscribe({ complete: () => (finished = true) })
    const { stream, url } = await served(() => job, { whenGone: 'finish' })
    const reader = await openReader(url)
    await eventually(() => stream.stats().connections === 1)
    reader.close()
    await eventually(() => stream.stats().connections === 0)
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
  ])('answers 500 to %s, and tells nothing but onError (V16)', async (_name, project) => {
    const errors: unknown[] = []
    const { url } = await served(project, { onError: (error) => errors.push(error) })
    const reader = await openReader(url)
    expect(reader.status).toBe(500)
    await reader.ended
    expect(reader.text()).not.toContain('secret')
    expect(errors).toEqual([new Error('secret')])
  })

  it('answers with the status and text of a RequestError', async () => {
    const { url } = await served(() => throwError(() => new RequestError(429, 'one at a time')))
    const reader = await openReader(url)
    expect(reader.status).toBe(429)
    await reader.ended
    expect(reader.text()).toBe('one at a time\n')
  })

  it('ends the body after whole events where a pipeline fails later (V16)', async () => {
    const pipeline = new Subject<SseMessage>()
    const { url } = await served(() => pipeline, {
      retry: false,
      errorMessage: () => ({ type: 'failed', data: 'sorry' }),
    })
    const reader = await openReader(url)
    pipeline.next({ data: 'half an' })
    pipeline.next({ data: 'answer' })
    pipeline.error(new Error('broken'))
    expect(await reader.ended).toBe('end')
    expect(reader.text()).toBe(':\n\ndata: half an\n\ndata: answer\n\nevent: failed\ndata: sorry\n\n')
  })

  it('ends the body where a message cannot be sent, which is an error like any other', async () => {
    const errors: unknown[] = []
    const { url } = await served(() => concat(of({ data: 'good' }, { type: 'a\nb', data: 'bad' }), NEVER), {
      onError: (error) => errors.push(error),
    })
    const reader = await openReader(url)
    expect(await reader.ended).toBe('end')
    expect(reader.events()).toMatchObject([{ data: 'good' }])
    expect(errors).toMatchObject([{ code: 'message' }])
  })

  it('answers 204 where a pipeline has nothing, so that browsers stop asking', async () => {
    const { url } = await served((request) =>
      lastEventIdOf(request) === 'end' ? EMPTY : of({ data: 1, id: 'end' }),
    )
    const reader = await openReader(url)
    await reader.ended
    const again = await openReader(url, { headers: { 'last-event-id': reader.interpret().lastEventId } })
    expect(again.status).toBe(204)
  })

  it("holds the head back until the first event with head: 'first-event', so that an error can be a status", async () => {
    const upstream = new Subject<SseMessage>()
    const { url } = await served(() => upstream, {
      head: 'first-event',
      statusOf: () => 502,
    })
    const failing = openReader(url)
    await eventually(() => upstream.observed)
    upstream.error(new Error('no'))
    expect((await failing).status).toBe(502)
  })

  it('gives up a pipeline whose client left before the head', async () => {
    const upstream = new Subject<SseMessage>()
    const { url } = await served(() => upstream, {
      head: 'first-event',
      limits: { connections: 1, overload: 503 },
    })
    const gone = new AbortController()
    const reading = openReader(url, { signal: gone.signal }).catch(() => {})
    await eventually(() => upstream.observed)
    gone.abort()
    await reading
    await eventually(() => !upstream.observed)
    const next = openReader(url)
    await eventually(() => upstream.observed)
    upstream.next({ data: 'x' })
    expect((await next).status).toBe(200)
  })

  it('disconnects a client that does not keep up: half an answer is none', async () => {
    const pipeline = new Subject<SseMessage>()
    const { stream, url } = await served(() => pipeline, { slowClient: { maxBytes: 1_000_000 } })
    const reader = await openReader(url)
    reader.pause()
    await eventually(() => stream.stats().connections === 1)
    while (pipeline.observed) {
      pipeline.next({ data: 'x'.repeat(100_000) })
      await eventually(() => true)
    }
    expect(stream.stats()).toMatchObject({ disconnected: 1, skipped: 0, connections: 0 })
    reader.resume()
    expect(await reader.ended).toBe('cut')
  })

  it('ends streams and unsubscribes pipelines at close, with nothing lost that was emitted', async () => {
    const pipeline = new Subject<SseMessage>()
    const { stream, url } = await served(() => pipeline)
    const reader = await openReader(url)
    await eventually(() => stream.stats().connections === 1)
    pipeline.next({ data: 'last' })
    await stream.close()
    expect(pipeline.observed).toBe(false)
    expect(await reader.ended).toBe('end')
    expect(reader.events()).toMatchObject([{ data: 'last' }])
    expect(reader.interpret().retry).toBeGreaterThan(0)
  })

  describe.each(waysIn)('by way of $name', ({ mount, open }) => {
    it('takes a POST with JSON, and answers with a stream', async () => {
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
      await eventually(() => pipeline.observed)
      reader.close()
      await eventually(() => !pipeline.observed)
    })
  })
})

describe('readJson', () => {
  it.each([
    ['not JSON', '{', 400],
    ['too long', JSON.stringify('x'.repeat(200)), 413],
  ])('answers a body that is %s', async (_name, body, status) => {
    const { url } = await served(async (request) => of({ data: await readJson(request, 100) }), {
      methods: ['POST'],
    })
    expect((await openReader(url, { method: 'POST', body })).status).toBe(status)
  })
})
