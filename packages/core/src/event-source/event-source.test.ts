import { inspect } from 'node:util'
import { createScriptedServer, type ScriptedServer } from '@rxsse/testing'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { listen, next, openSource } from '../../test/event-source.ts'
import { ErrorEvent } from './error-event.ts'
import { EventSource } from './event-source.ts'

/** Nothing listens there. */
const NOWHERE = 'http://127.0.0.1:9/'

describe('the interface', () => {
  it('has constants on the class and on each object, which cannot be changed', () => {
    const source = openSource(NOWHERE)
    for (const target of [EventSource, EventSource.prototype, source]) {
      expect([target.CONNECTING, target.OPEN, target.CLOSED]).toEqual([0, 1, 2])
      expect(() => Object.assign(target, { OPEN: 7 })).toThrow(TypeError)
    }
  })

  it('has attributes that are enumerable members of the prototype', () => {
    const members: string[] = []
    for (const name in EventSource.prototype) members.push(name)
    expect(members.filter((name) => !(name in EventTarget.prototype)).sort()).toEqual([
      'CLOSED',
      'CONNECTING',
      'OPEN',
      'close',
      'onerror',
      'onmessage',
      'onopen',
      'readyState',
      'url',
      'withCredentials',
    ])
    expect(() => EventSource.prototype.readyState).toThrow(TypeError)
  })

  it('is an EventTarget with a name of its own', () => {
    const source = openSource(NOWHERE)
    expect(source).toBeInstanceOf(EventTarget)
    expect(String(source)).toBe('[object EventSource]')
    expect([EventSource.name, EventSource.length]).toEqual(['EventSource', 1])
  })

  it('ignores what only a polyfill has, as WebIDL says of a dictionary, and takes the rest', async () => {
    await using server = await createScriptedServer([{ status: 200, body: ['HOLD'] }])
    const init = { heartbeatTimeout: 45_000, https: { rejectUnauthorized: false }, headers: { 'x-a': 'b' } }
    const source = openSource(server.url, init)
    expect((await server.request(0)).headers).toMatchObject({ 'x-a': 'b' })
    source.close()
  })

  it('starts with `readyState` 0, the URL as it parses, and what `withCredentials` says', () => {
    const source = openSource(`${NOWHERE}a/../b?q#part`)
    expect(source.readyState).toBe(EventSource.CONNECTING)
    expect(source.url).toBe(`${NOWHERE}b?q#part`)
    expect(source.withCredentials).toBe(false)
    expect(openSource(new URL(NOWHERE), { withCredentials: true }).withCredentials).toBe(true)
    expect(() => Object.assign(source, { url: NOWHERE })).toThrow(TypeError)
  })

  it('says by a symbol that it takes a fetch, as the package eventsource does', () => {
    expect(Symbol.for('eventsource.supports-fetch-override') in EventSource).toBe(true)
    expect(Object.keys(EventSource)).not.toContain('eventsource.supports-fetch-override')
  })

  it('can be extended', async () => {
    class Extended extends EventSource {
      override close(): void {
        super.close()
        this.dispatchEvent(new Event('closed'))
      }
    }
    const source = new Extended(NOWHERE)
    const closed = next(source, 'closed')
    source.close()
    await closed
    expect(source.readyState).toBe(2)
  })
})

describe('the constructor', () => {
  it.each(['', '/path', 'http://[', '//'])('throws a SyntaxError for %j, which does not parse', (url) => {
    const error = catchError(() => openSource(url))
    expect(error).toBeInstanceOf(DOMException)
    expect(error).toMatchObject({ name: 'SyntaxError', code: 12 })
  })

  it('does not repeat a URL that does not parse, which may hold a secret', () => {
    expect(String(catchError(() => openSource('hunter2')))).not.toContain('hunter2')
  })

  it('takes an object as its text', () => {
    expect(openSource({ toString: () => `${NOWHERE}there` } as URL).url).toBe(`${NOWHERE}there`)
  })

  it('needs a URL and `new`', () => {
    const callable = EventSource as unknown as { new (): unknown; (url: string): unknown }
    expect(() => new callable()).toThrow(TypeError)
    expect(() => callable(NOWHERE)).toThrow(TypeError)
  })

  it('takes null as no options', () => {
    expect(openSource(NOWHERE, null as never).withCredentials).toBe(false)
  })

  it('throws a TypeError that names an option with a wrong value', () => {
    expect(() => openSource(NOWHERE, { maxEventSize: 0 })).toThrow(/maxEventSize/)
    expect(() => openSource(NOWHERE, { reconnect: { factor: 0 } })).toThrow(/reconnect.factor/)
  })

  it.each(['ftp://example.com/', 'about:blank', 'mailto:a@example.com', 'javascript:alert(1)', 'data:,a'])(
    'fails on %s in a later task',
    async (url) => {
      const source = openSource(url)
      const { dispatched, events } = listen(source)
      expect([source.readyState, source.url]).toEqual([0, url])
      await Promise.resolve()
      expect(dispatched).toEqual([])
      await expect.poll(() => dispatched).toEqual([['error', 2, undefined]])
      expect(events[0]).not.toHaveProperty('data')
      expect(events[0]).toMatchObject({ bubbles: false, cancelable: false })
      expect((events[0] as ErrorEvent).message).toMatch(/not http or https$/)
    },
  )

  it('fails on a URL with a password, which it does not send', async () => {
    await using server = await createScriptedServer([])
    const source = openSource(server.url.replace('//', '//user:hunter2@'))
    const event = await next<ErrorEvent>(source, 'error')
    expect(source.readyState).toBe(2)
    expect(event.message).toMatch(/Authorization header$/)
    expect(event.message).not.toContain('hunter2')
    expect(server.connections).toBe(0)
  })

  it('dispatches nothing after close, also what was on its way', async () => {
    const source = openSource('about:blank')
    const { dispatched } = listen(source)
    source.close()
    source.close()
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect([source.readyState, dispatched]).toEqual([2, []])
  })
})

describe('an event handler attribute', () => {
  let server: ScriptedServer
  let source: EventSource
  let calls: string[]
  let send: () => void

  beforeEach(async () => {
    calls = []
    const sent = new Promise<void>((resolve) => {
      send = resolve
    })
    server = await createScriptedServer([{ status: 200, body: [{ until: sent }, 'data: a\n\n', 'HOLD'] }])
    source = openSource(server.url)
  })
  afterEach(() => server.close())

  const call = (name: string) => () => calls.push(name)

  /** Sends one event, and gives the calls that it caused. */
  async function dispatch(): Promise<string[]> {
    send()
    await next(source, 'message')
    return calls
  }

  it('is null until it is set', () => {
    expect([source.onopen, source.onmessage, source.onerror]).toEqual([null, null, null])
  })

  it.each([undefined, 1, 'text', true, Symbol('a')])('is null once it is set to %s', (value) => {
    source.onmessage = () => {}
    source.onmessage = value as never
    expect(source.onmessage).toBeNull()
  })

  it('keeps an object that is no function, and does not call it', async () => {
    const object = { handleEvent: call('object') } as never
    source.onmessage = object
    expect(source.onmessage).toBe(object)
    expect(await dispatch()).toEqual([])
  })

  it('is called on the source, with the event', async () => {
    source.onmessage = function (event) {
      expect(this).toBe(source)
      expect([event.target, event.currentTarget]).toEqual([source, source])
      calls.push(event.data)
    }
    expect(await dispatch()).toEqual(['a'])
  })

  it('keeps its place among the listeners if it is replaced', async () => {
    source.addEventListener('message', call('first'))
    source.onmessage = call('replaced')
    source.addEventListener('message', call('last'))
    source.onmessage = call('handler')
    expect(await dispatch()).toEqual(['first', 'handler', 'last'])
  })

  it('loses its place if it is set to null in between', async () => {
    source.onmessage = call('handler')
    source.addEventListener('message', call('listener'))
    source.onmessage = null
    source.onmessage = call('again')
    expect(await dispatch()).toEqual(['listener', 'again'])
  })

  it('may be the same function as a listener, which is then called twice', async () => {
    const both = call('both')
    source.addEventListener('message', both)
    source.onmessage = both
    expect(await dispatch()).toEqual(['both', 'both'])
  })

  it('is not called for events of another type', async () => {
    source.onopen = call('open')
    source.onerror = call('error')
    expect(await dispatch()).toEqual(['open'])
  })
})

describe('an ErrorEvent', () => {
  it.each([
    ['nodejs.util.inspect.custom', [0, {}, inspect]],
    ['Deno.customInspect', [inspect, {}]],
  ] as const)('is printed with its details by %s', (name, args) => {
    const event = new ErrorEvent('error', { code: 401, message: 'no' })
    const print = (event as unknown as Record<symbol, (...args: unknown[]) => string>)[Symbol.for(name)]
    expect(print?.apply(event, [...args])).toBe("ErrorEvent { type: 'error', code: 401, message: 'no' }")
  })

  it('is an Event of that type, without details unless they are given', () => {
    const event = new ErrorEvent('error')
    expect(event).toBeInstanceOf(Event)
    expect(event).toMatchObject({ type: 'error', code: undefined, message: undefined, error: undefined })
  })
})

function catchError(run: () => unknown): unknown {
  try {
    run()
  } catch (error) {
    return error
  }
  throw new Error('expected an error')
}
