import type { SseMessage } from '@rxsse/shared'
import { NEVER, Observable } from 'rxjs'
import { describe, expect, it, onTestFinished } from 'vitest'
import { ADAPTERS } from '../../test/adapters.ts'
import { expectIdle } from '../../test/idle.ts'
import { createSink } from '../sink/sink.ts'
import { reply } from './reply.ts'
import { streamTo } from './stream-to.ts'

type Project = Parameters<typeof streamTo<SseMessage>>[0]

describe.each(ADAPTERS)('over $name', ({ mount, open }) => {
  async function mountProject(project: Project, methods?: readonly string[]) {
    const errors: unknown[] = []
    const onError = (error: unknown) => errors.push(error)
    const endpoint = streamTo(project, { onError, ...(methods && { methods }) })
    onTestFinished(() => endpoint.close())
    return { endpoint, errors, url: await mount(endpoint) }
  }

  it.each([204, 205, 304])('a stream with the status %i is a 500, and nothing runs on', async (status) => {
    let running = 0
    const stream = new Observable<SseMessage>((subscriber) => {
      running++
      subscriber.next({ data: 1 })
      return () => running--
    })
    const { endpoint, errors, url } = await mountProject(() => reply(stream, { status }))
    const reader = await open(url)
    expect(reader.status).toBe(500)
    expect(await reader.ended).toBe('end')
    expect(errors).toMatchObject([{ message: expect.stringContaining('the status of a stream') }])
    expect(running).toBe(0)
    await expectIdle(endpoint)
  })

  it.each([204, 205, 304])('a plain reply with the status %i has no body', async (status) => {
    const { endpoint, errors, url } = await mountProject(() => reply('text', { status }))
    const reader = await open(url)
    expect(reader.status).toBe(status)
    await reader.ended
    expect(reader.text()).toBe('')
    expect(errors).toEqual([])
    await expectIdle(endpoint)
  })

  it.each<[string, () => unknown]>([
    ['a promise', () => reply(Promise.resolve('late'))],
    ['a reply', () => reply(reply('inner'))],
    ['a Response', () => reply(new Response('inner'))],
    ['a function', () => reply((() => {}) as never)],
  ])('a reply whose content is %s is a 500', async (_name, project) => {
    const { endpoint, errors, url } = await mountProject(project as Project)
    expect((await open(url)).status).toBe(500)
    expect(errors).toMatchObject([{ message: expect.stringContaining('the content of a reply') }])
    await expectIdle(endpoint)
  })

  it('HEAD gets the head of a stream, and the project function is not asked', async () => {
    let asked = 0
    const { endpoint, url } = await mountProject(() => {
      asked++
      return NEVER
    })
    const reader = await open(url, { method: 'HEAD' })
    expect(reader.status).toBe(200)
    expect(reader.headers['content-type']).toBe('text/event-stream')
    await reader.ended
    expect(asked).toBe(0)
    await expectIdle(endpoint)
  })

  it('HEAD gets what the project function answers, if it is among the methods', async () => {
    let subscribed = 0
    let returned = 0
    const answers: Record<string, () => unknown> = {
      page: () => reply('<p>', { headers: { 'content-type': 'text/html' } }),
      created: async () => reply({ id: 1 }, { status: 201 }),
      observable: () =>
        reply(new Observable<SseMessage>(() => void subscribed++), { headers: { 'x-a': 'b' } }),
      iterable: () => ({
        [Symbol.asyncIterator]: () => ({
          next: () => new Promise(() => {}),
          return: () => void returned++,
        }),
      }),
      nothing: () => reply(undefined),
    }
    const { endpoint, errors, url } = await mountProject(
      ({ url }) => answers[`${url.searchParams.get('as')}`]?.() as never,
      ['GET', 'HEAD'],
    )
    const read = async (as: string) => {
      const reader = await open(`${url}?as=${as}`, { method: 'HEAD' })
      await reader.ended
      return [reader.status, reader.headers['content-type'], reader.headers['x-a'], reader.text()]
    }
    expect(await read('page')).toEqual([200, 'text/html', undefined, ''])
    expect(await read('created')).toEqual([201, 'application/json', undefined, ''])
    expect(await read('observable')).toEqual([200, 'text/event-stream', 'b', ''])
    expect(await read('iterable')).toEqual([200, 'text/event-stream', undefined, ''])
    expect(await read('nothing')).toEqual([204, undefined, undefined, ''])
    expect([subscribed, returned, errors]).toEqual([0, 1, []])
    await expectIdle(endpoint)
  })

  it('HEAD of a sink has the headers of GET', async () => {
    const sink = createSink({ compression: 'shared', cors: { origins: ['https://a.example'] } })
    onTestFinished(() => sink.close())
    const url = await mount(sink)
    const headers = { 'accept-encoding': 'gzip', origin: 'https://a.example' }
    const byMethod = await Promise.all(
      ['GET', 'HEAD'].map(async (method) => {
        const reader = await open(url, { method, headers })
        const names = [
          'content-type',
          'content-encoding',
          'vary',
          'cache-control',
          'access-control-allow-origin',
        ]
        const seen = names.map((name) => reader.headers[name])
        reader.close()
        return seen
      }),
    )
    expect(byMethod[1]).toEqual(byMethod[0])
    await expectIdle(sink)
  })
})
