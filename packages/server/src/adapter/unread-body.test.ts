import type { Socket } from 'node:net'
import { setImmediate as endOfTick, setTimeout as sleep } from 'node:timers/promises'
import type { SseMessage } from '@rxsse/shared'
import { NEVER, Observable, of, Subject } from 'rxjs'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { ADAPTERS } from '../../test/adapters.ts'
import { CountingScheduler, expectIdle } from '../../test/idle.ts'
import { ManualScheduler } from '../../test/manual-scheduler.ts'
import { connectRaw } from '../../test/raw-request.ts'
import { serve } from '../../test/serve.ts'
import { readJson } from '../http/read-json.ts'
import type { StreamEndpoint } from '../http/stream-endpoint.ts'
import { RequestError } from '../sink/errors.ts'
import { createSink } from '../sink/sink.ts'
import { reply } from '../stream-to/reply.ts'
import { type StreamOptions, streamTo } from '../stream-to/stream-to.ts'

/** More than Node reads ahead. */
const LARGE = 400_000

const post = (url: string, body: string, length = body.length) =>
  `POST ${new URL(url).pathname} HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\nContent-Length: ${length}\r\n\r\n${body}`

function collect(socket: Socket): () => string {
  let text = ''
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString('latin1')
  })
  return () => text
}

const statuses = (text: string) => Array.from(text.matchAll(/HTTP\/1\.1 (\d+)/g), ([, status]) => status)

// Fastify reads a body itself, before any handler.
const CLEARTEXT = ADAPTERS.filter(({ name }) => !/HTTP\/2|http2|https|Fastify/.test(name))

type Refusal = [string, Parameters<typeof streamTo<SseMessage>>[0], StreamOptions, string]

describe.each(CLEARTEXT)('over $name', ({ mount }) => {
  it.each<Refusal>([
    ['that is too long', async (request) => reply((await readJson(request, 1_000)) as object), {}, '413'],
    ['that is no JSON', async (request) => reply((await readJson(request)) as object), {}, '400'],
    ['that nobody reads', () => reply('unread'), {}, '200'],
    ['to which there is no access', () => NEVER, { access: () => ({ deny: 403 }) }, '403'],
    ['beyond the limit', () => NEVER, { limits: { connections: 0 } }, '503'],
    ['of another method', () => NEVER, { methods: ['PUT'] }, '405'],
    ['of a stream that ends', () => of({ data: 1 }), {}, '200'],
  ])('a body %s leaves its connection to the next request', async (_name, project, options, status) => {
    const endpoint = streamTo(project, { methods: ['POST'], onError: () => {}, ...options })
    onTestFinished(() => endpoint.close())
    const url = await mount({ ...endpoint, handler: withoutTakeover(endpoint) })
    const socket = connectRaw(url, post(url, 'x'.repeat(LARGE)))
    const text = collect(socket)
    await expect.poll(() => statuses(text())).toEqual([status])
    socket.write(post(url, ' {"a":1}'))
    await expect.poll(() => statuses(text())).toHaveLength(2)
    socket.destroy()
    await expectIdle(endpoint)
  })

  it('a body that its client does not finish is the client’s fault', async () => {
    const said = vi.spyOn(console, 'error').mockImplementation(() => {})
    onTestFinished(() => said.mockRestore())
    const errors: unknown[] = []
    const endpoint = streamTo(async (request) => reply((await readJson(request)) as object), {
      methods: ['POST'],
      onError: (error) => errors.push(error),
    })
    onTestFinished(() => endpoint.close())
    const url = await mount(endpoint)
    const socket = connectRaw(url, post(url, '{"a":', 1_000))
    await expect.poll(() => endpoint.stats().pending).toBe(1)
    socket.destroy()
    await expectIdle(endpoint)
    await sleep(5)
    for (const error of errors) expect(error).toMatchObject({ constructor: RequestError, status: 400 })
    expect(said).not.toHaveBeenCalled()
  })
})

/** `serveSinks` would take the connection over, so that it serves no other request. */
function withoutTakeover({ handler }: StreamEndpoint): StreamEndpoint['handler'] {
  return (request, response) => handler(request, response)
}

describe('the body of a request whose stream runs', () => {
  it('does not hide that the client leaves, if nobody reads it', async () => {
    const scheduler = new ManualScheduler()
    const source = new Subject<SseMessage>()
    const endpoint = streamTo(() => source, { methods: ['POST'], scheduler })
    onTestFinished(() => endpoint.close())
    const url = await serve(endpoint.handler)
    const socket = connectRaw(url, post(url, 'x'.repeat(LARGE)))
    socket.resume()
    await expect.poll(() => source.observed).toBe(true)
    await endOfTick()
    scheduler.advance(5_000)
    socket.destroy()
    await expect.poll(() => source.observed).toBe(false)
    await expectIdle(endpoint)
  })

  it.each([
    ['half of it has come', LARGE],
    ['it came with the head', 5],
    ['half of it has come, and its connection would be taken over', LARGE],
    ['it came with the head, and its connection is taken over', 5],
  ])('leaves no timer behind if %s', async (name, length) => {
    const scheduler = new CountingScheduler()
    const source = new Subject<SseMessage>()
    const takeover = name.includes('taken over')
    const options = { methods: ['POST'], scheduler, takeover, heartbeat: false } as const
    const endpoint = streamTo(() => source, options)
    onTestFinished(() => endpoint.close())
    const url = await serve(endpoint.handler)
    const socket = connectRaw(url, post(url, 'x'.repeat(5), length))
    socket.resume()
    await expect.poll(() => source.observed).toBe(true)
    await endOfTick()
    expect(scheduler.timers).toBe(length === 5 ? 0 : 1)
    await endpoint.close()
    await expectIdle(endpoint, { scheduler })
  })

  it('is whole for a pipeline that reads it a moment after the head', async () => {
    const scheduler = new ManualScheduler()
    let read: () => void = () => {}
    const reading = new Promise<void>((resolve) => {
      read = resolve
    })
    const endpoint = streamTo(
      (request) =>
        new Observable<SseMessage>((subscriber) => {
          reading
            .then(() => readJson(request))
            .then(
              (data) => subscriber.next({ data: String(data).length }),
              (error) => subscriber.error(error),
            )
        }),
      { methods: ['POST'], scheduler },
    )
    onTestFinished(() => endpoint.close())
    const url = await serve(endpoint.handler)
    const socket = connectRaw(url, post(url, JSON.stringify('x'.repeat(LARGE))))
    const text = collect(socket)
    await expect.poll(() => statuses(text())).toEqual(['200'])
    read()
    await endOfTick()
    scheduler.advance(5_000)
    await expect.poll(text).toContain(`data: ${LARGE}\n`)
  })
})

describe('a sink', () => {
  it('discards the body of a GET', async () => {
    const sink = createSink()
    onTestFinished(() => sink.close())
    const url = await serve(sink.handler)
    const socket = connectRaw(url, post(url, 'x'.repeat(LARGE)).replace('POST', 'GET'))
    socket.resume()
    await expect.poll(() => sink.stats().connections).toBe(1)
    socket.destroy()
    await expectIdle(sink)
  })
})
