import { createScriptedServer } from '@rxsse/testing'
import { Agent, buildConnector, Dispatcher } from 'undici'
import { describe, expect, it } from 'vitest'
import { undiciTransport } from '../index.ts'
import type { TransportHandler, TransportRequest } from './transport.ts'

function createRequest(url: string): TransportRequest {
  return {
    url: new URL(url),
    method: 'GET',
    headers: {},
    crossOriginHeaders: {},
    body: undefined,
    redirect: 'follow',
  }
}

/** A handler that records its calls as text. */
function createRecorder() {
  const said: string[] = []
  const handler: TransportHandler = {
    onResponse: ({ status, headers }) => said.push(`${status} ${headers['x-two'] ?? ''}`.trim()),
    onData: (bytes) => said.push(Buffer.from(bytes).toString()),
    onEnd: () => said.push('end'),
    onError: (code, cause) => said.push(`${code}: ${cause instanceof Error ? cause.message : cause}`),
  }
  return { said, handler }
}

const nextTurns = () => new Promise((resolve) => setTimeout(resolve, 20))

describe('an exchange that is paused before its response', () => {
  for (const redirected of [false, true]) {
    it(`receives nothing of the body until it is resumed${redirected ? ', also after a redirect' : ''}`, async () => {
      await using server = await createScriptedServer(({ path }) =>
        path === '/' && redirected
          ? { status: 302, headers: { location: '/there' }, framing: 'length', body: [] }
          : { status: 200, body: ['data: a\n\n', 'END'] },
      )
      const { said, handler } = createRecorder()
      const exchange = undiciTransport().open(createRequest(server.url), handler)
      exchange.pause()
      await nextTurns()
      expect(said).not.toContain('data: a\n\n')
      // A response head that is held back holds back the redirect as well.
      exchange.resume()
      await expect.poll(() => said).toEqual(['200', 'data: a\n\n', 'end'])
    })
  }
})

describe('an exchange that is aborted', () => {
  it('at once is never sent', async () => {
    await using server = await createScriptedServer([])
    const { said, handler } = createRecorder()
    undiciTransport().open(createRequest(server.url), handler).abort()
    await nextTurns()
    expect(server.connections).toBe(0)
    expect(said).toEqual([])
  })

  it('while a custom dispatcher connects is never sent', async () => {
    await using server = await createScriptedServer([])
    const connector = buildConnector({})
    let connect: () => void = () => {}
    const dispatcher = new Agent({
      connect(options, callback) {
        connect = () => connector(options, callback)
      },
    })
    const { said, handler } = createRecorder()
    const exchange = undiciTransport({ dispatcher }).open(createRequest(server.url), handler)
    await Promise.resolve()
    exchange.abort()
    connect()
    await dispatcher.close()
    expect(server.requests).toHaveLength(0)
    expect(said).toEqual([])
  })
})

describe('a dispatcher', () => {
  class Scripted extends Dispatcher {
    readonly #script: (handler: Dispatcher.DispatchHandler, controller: Dispatcher.DispatchController) => void
    readonly aborted: string[] = []
    paused = false

    constructor(
      script: (handler: Dispatcher.DispatchHandler, controller: Dispatcher.DispatchController) => void,
    ) {
      super()
      this.#script = script
    }

    override dispatch(_: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
      const outer = this
      this.#script(handler, {
        aborted: false,
        reason: null,
        get paused() {
          return outer.paused
        },
        abort: (reason) => outer.aborted.push(reason.message),
        pause() {
          outer.paused = true
        },
        resume() {
          outer.paused = false
        },
      })
      return true
    }
  }

  it('that throws causes a network error', async () => {
    const dispatcher = new Scripted(() => {
      throw new Error('out of order')
    })
    const { said, handler } = createRecorder()
    undiciTransport({ dispatcher }).open(createRequest('http://a/'), handler)
    await Promise.resolve()
    expect(said).toEqual(['network: out of order'])
  })

  it('may give a header as a list, and informational responses', async () => {
    const dispatcher = new Scripted((handler, controller) => {
      handler.onRequestStart?.(controller, {})
      handler.onResponseStart?.(controller, 103, {}, 'Early Hints')
      handler.onResponseStart?.(controller, 200, { 'x-two': ['a', 'b'] }, 'OK')
      handler.onResponseEnd?.(controller, {})
    })
    const { said, handler } = createRecorder()
    undiciTransport({ dispatcher }).open(createRequest('http://a/'), handler)
    await Promise.resolve()
    expect(said).toEqual(['200 a, b', 'end'])
  })

  it('is ignored after the abort', async () => {
    for (const last of ['end', 'error'] as const) {
      let goOn: () => void = () => {}
      const dispatcher = new Scripted((handler, controller) => {
        goOn = () => {
          handler.onRequestStart?.(controller, {})
          handler.onResponseStart?.(controller, 200, {}, 'OK')
          handler.onResponseData?.(controller, Buffer.from('data: a\n\n'))
          if (last === 'end') handler.onResponseEnd?.(controller, {})
          else handler.onResponseError?.(controller, new Error('aborted'))
        }
      })
      const { said, handler } = createRecorder()
      const exchange = undiciTransport({ dispatcher }).open(createRequest('http://a/'), handler)
      await Promise.resolve()
      exchange.abort()
      exchange.abort()
      goOn()
      expect(said).toEqual([])
      expect(dispatcher.aborted).toEqual(['aborted'])
    }
  })
})
