import { setTimeout as sleep } from 'node:timers/promises'
import type { SseMessage } from '@rxsse/shared'
import { NEVER, Subject } from 'rxjs'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { ADAPTERS, type Adapter } from '../../test/adapters.ts'
import { expectNothingHeld, FAILURES, recordErrors } from '../../test/failing-callbacks.ts'
import { openReader, type Reader, type ReaderOptions } from '../../test/reader.ts'
import { serve } from '../../test/serve.ts'
import { RequestError } from '../sink/errors.ts'
import { createSink, type Sink } from '../sink/sink.ts'
import type { SinkOptions } from '../sink/sink-options.ts'
import { type StreamOptions, streamTo } from '../stream-to/stream-to.ts'
import type { StreamEndpoint } from './stream-endpoint.ts'

/** A callback that answers a request, and the options with a failing one. */
const ANSWERING: Readonly<Record<string, (fail: () => never) => SinkOptions>> = {
  'cors.origins': (fail) => ({ cors: { origins: fail } }),
  access: (fail) => ({ access: fail }),
  identify: (fail) => ({ identify: fail }),
  'limits.key': (fail) => ({ limits: { connectionsPerKey: 1, key: fail } }),
  'limits.across': (fail) => ({
    limits: { connectionsPerKey: 1, key: () => 'k', across: { take: fail } },
  }),
}

const CASES = Object.entries(ANSWERING).flatMap(([name, createOptions]) =>
  Object.entries(FAILURES).map(([how, fail]) => ({ name: `${name} ${how}`, options: createOptions(fail) })),
)

const ORIGIN = { origin: 'null' }

async function mountEndpoint<Endpoint extends StreamEndpoint>(
  { mount, open }: Adapter,
  endpoint: Endpoint,
): Promise<(options?: ReaderOptions, query?: string) => Promise<Reader>> {
  onTestFinished(() => endpoint.close())
  const url = await mount(endpoint)
  return (options, query = '') => open(url + query, options)
}

describe.each(ADAPTERS)('over $name', (adapter) => {
  it.each(CASES)('a request is answered a bare 500 if $name', async ({ options }) => {
    const { errors, onError } = recordErrors()
    const sink = createSink({ ...options, onError })
    const read = await mountEndpoint(adapter, sink)
    const reader = await read({ headers: ORIGIN })
    expect(reader.status).toBe(500)
    expect(await reader.ended).toBe('end')
    expect(reader.text()).toBe('something went wrong\n')
    expect(errors).toHaveLength(1)
    await expectNothingHeld(sink)
  })

  it.each(Object.entries(FAILURES))('a room is refused if rooms.authorize %s', async (how, fail) => {
    const { errors, onError } = recordErrors()
    const sink = createSink({ rooms: { authorize: fail }, onError })
    const read = await mountEndpoint(adapter, sink)
    const isWrongType = how.includes('type')
    expect((await read({}, '?room=a')).status).toBe(isWrongType ? 403 : 500)
    expect(errors).toHaveLength(isWrongType ? 0 : 1)
    await expectNothingHeld(sink)
  })

  it.each([
    ['a challenge of two lines', { access: () => ({ deny: 401, challenge: 'Basic\r\nx: y' }) }],
    ['a challenge beyond Latin-1', { access: () => ({ deny: 401, challenge: 'Basic realm="ą"' }) }],
    ['a denial with the status 0', { access: () => ({ deny: 0 }) }],
    ['a denial with the status 99999', { access: () => ({ deny: 99_999 }) }],
    ['a user that is a number', { access: () => ({ allow: true, user: 7 }) }],
    ['rooms that are no list', { access: () => ({ allow: true, rooms: 'a' }) }],
    [
      'a RequestError with the status 0',
      {
        access: () => {
          throw new RequestError(0, 'x')
        },
      },
    ],
  ])('%s is a bare 500', async (_name, options) => {
    const { errors, onError } = recordErrors()
    const sink = createSink({ ...(options as unknown as SinkOptions), onError })
    const read = await mountEndpoint(adapter, sink)
    const reader = await read()
    expect(reader.status).toBe(500)
    await reader.ended
    expect(reader.text()).toBe('something went wrong\n')
    expect(errors).toHaveLength(1)
    await expectNothingHeld(sink)
  })

  it.each(Object.entries(FAILURES))('a project function that %s is a 500', async (_how, fail) => {
    const { errors, onError } = recordErrors()
    const endpoint = streamTo(fail, { onError })
    const read = await mountEndpoint(adapter, endpoint)
    const reader = await read()
    expect(reader.status).toBe(500)
    expect(await reader.ended).toBe('end')
    expect(errors).toHaveLength(1)
    await expectNothingHeld(endpoint)
  })

  it.each(Object.entries(FAILURES))('an errorStatus that %s is a 500', async (_how, fail) => {
    const { errors, onError } = recordErrors()
    const project = () => {
      throw new Error('of project')
    }
    const endpoint = streamTo(project, { errorStatus: fail, onError })
    const read = await mountEndpoint(adapter, endpoint)
    expect((await read()).status).toBe(500)
    // That of the project function, and that of errorStatus.
    expect(errors).toHaveLength(2)
    await expectNothingHeld(endpoint)
  })

  it.each(Object.entries(FAILURES))('an errorMessage that %s leaves the body cut', async (_how, fail) => {
    const { errors, onError } = recordErrors()
    const source = new Subject<SseMessage>()
    const endpoint = streamTo(() => source, { errorMessage: fail, onError })
    const read = await mountEndpoint(adapter, endpoint)
    const reader = await read()
    await expect.poll(() => source.observed).toBe(true)
    source.next({ data: 1 })
    source.error(new Error('of the source'))
    expect(await reader.ended).toBe('cut')
    expect(reader.events()).toMatchObject([{ data: '1' }])
    expect(errors).toHaveLength(2)
    await expectNothingHeld(endpoint)
  })

  it.each(Object.entries(FAILURES))('an onError that %s harms nobody', async (_how, fail) => {
    const said = vi.spyOn(console, 'error').mockImplementation(() => {})
    onTestFinished(() => said.mockRestore())
    const access = () => {
      throw new Error('of access')
    }
    const sink = createSink({ access, onError: fail })
    const read = await mountEndpoint(adapter, sink)
    expect((await read()).status).toBe(500)
    sink.error(new Error('of a source'))
    await sleep(1)
    await expectNothingHeld(sink)
  })

  it('a permit that cannot be released harms nobody', async () => {
    for (const fail of Object.values(FAILURES)) {
      const { errors, onError } = recordErrors()
      const across = { take: () => ({ release: fail }) }
      const sink = createSink({ limits: { connectionsPerKey: 1, key: () => 'k', across }, onError })
      const read = await mountEndpoint(adapter, sink)
      const reader = await read()
      expect(reader.status).toBe(200)
      await expect.poll(() => sink.stats().connections).toBe(1)
      reader.close()
      await expectNothingHeld(sink)
      expect(errors.length).toBeLessThanOrEqual(1)
    }
  })

  it('a random that fails harms nobody', async () => {
    for (const fail of Object.values(FAILURES)) {
      const { errors, onError } = recordErrors()
      const sink = createSink({ random: fail, onError })
      const read = await mountEndpoint(adapter, sink)
      const reader = await read()
      await reader.until(({ text }) => text().startsWith('retry: '))
      expect(errors).toHaveLength(1)
      reader.close()
      await expectNothingHeld(sink)
    }
  })
})

describe('errors without onError', () => {
  async function readConsole(work: (sink: Sink) => Promise<void>, options: SinkOptions): Promise<string[]> {
    const said = vi.spyOn(console, 'error').mockImplementation(() => {})
    onTestFinished(() => said.mockRestore())
    await work(createSink(options))
    return said.mock.calls.map(String)
  }

  it.each([
    [400, 0],
    [404, 0],
    [499, 0],
    [500, 1],
    [503, 1],
  ])('a RequestError with the status %i is printed %i times', async (status, times) => {
    const access = () => {
      throw new RequestError(status, 'x')
    }
    const printed = await readConsole(
      async (sink) => void (await sink.fetch(new Request('http://localhost/'))),
      { access },
    )
    expect(printed).toHaveLength(times)
  })
})

describe('sink.fetch', () => {
  it.each([undefined, null, { method: 'GET', url: 'no url', headers: {} }])(
    'answers %j with a 500',
    async (request) => {
      const { errors, onError } = recordErrors()
      const sink = createSink({ onError })
      expect((await sink.fetch(request as never)).status).toBe(500)
      expect(errors).toHaveLength(1)
      await expectNothingHeld(sink)
    },
  )
})

describe('a response that somebody else has begun', () => {
  it.each(['at once', 'later'])('is left alone: %s', async (when) => {
    const { errors, onError } = recordErrors()
    const options: StreamOptions = { onError }
    const endpoint = streamTo(when === 'later' ? async () => NEVER : () => NEVER, options)
    const url = await serve((request, response) => {
      if (when === 'at once') response.flushHeaders()
      endpoint.handler(request, response)
      if (when === 'later') response.flushHeaders()
      setTimeout(() => response.end('mine'), 20)
    })
    const reader = await openReader(url)
    expect(reader.status).toBe(200)
    await reader.ended
    expect(reader.text()).toBe('mine')
    expect(errors).toMatchObject([{ message: 'another handler has sent a response to this request' }])
    await expectNothingHeld(endpoint)
  })

  it('and whose headers a middleware refuses to set is dropped', async () => {
    const { errors, onError } = recordErrors()
    const sink = createSink({ onError })
    const url = await serve((request, response) => {
      response.setHeader = FAILURES.throws as never
      sink.handler(request, response)
    })
    await expect(openReader(url)).rejects.toThrow()
    expect(errors).toHaveLength(1)
    await expectNothingHeld(sink)
  })
})
