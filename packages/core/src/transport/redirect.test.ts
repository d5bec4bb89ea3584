import { createScriptedServer, type ScriptedServer } from '@rxsse/testing'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { record } from '../../test/record.ts'
import { transports } from '../../test/transports.ts'
import { followRedirects } from './redirect.ts'
import type { Transport, TransportConnection, TransportHandler, TransportRequest } from './transport.ts'

const soon = { initialDelay: 1, minDelay: 1, jitter: 0 } as const
const secrets = {
  authorization: 'Bearer hunter2',
  cookie: 'session=hunter2',
  'x-api-key': 'hunter2',
  accept: 'text/event-stream;v=hunter2',
}

const redirect = (status: number, location: string) => ({
  status,
  headers: { location },
  framing: 'length' as const,
  body: ['never read'],
})

describe.each(transports)('over %s,', (_, transport) => {
  let other: ScriptedServer
  beforeEach(async () => {
    other = await createScriptedServer(({ path }) =>
      path === '/back'
        ? redirect(307, new URL(`/home`, home?.url).href)
        : { status: 200, body: ['data: there\n\n', 'HOLD'] },
    )
  })
  let home: ScriptedServer | undefined
  afterEach(async () => {
    await other.close()
    await home?.close()
    home = undefined
  })

  it('a Location in UTF-8 is read as such, as browsers do, and one in Latin-1 as that', async () => {
    for (const bytes of ['\u00c3\u00a9', '\u00e9']) {
      home = await createScriptedServer(({ path }) =>
        path === '/' ? redirect(302, `/${bytes}`) : { status: 200, body: ['HOLD'] },
      )
      const stream = record(home.url, { transport })
      await stream.state('open')
      expect(home.requests[1]?.path).toBe('/%C3%A9')
      stream.subscription.unsubscribe()
      await home.close()
    }
  })

  describe('a redirect to another origin', () => {
    it('forwards the last event ID, and nothing that the caller set', async () => {
      home = await createScriptedServer([redirect(307, other.url)])
      const stream = record(home.url, { transport, headers: secrets, lastEventId: '7' })
      await stream.received(1)
      const { headers, lastEventId } = other.requests[0] ?? {}
      expect(home.requests[0]?.headers).toMatchObject(secrets)
      expect(JSON.stringify(headers)).not.toContain('hunter2')
      expect(headers).toMatchObject({ accept: 'text/event-stream' })
      expect(lastEventId).toBe('7')
      expect(await stream.state('open')).toMatchObject({ url: other.url })
      stream.subscription.unsubscribe()
    })

    it('and back forwards nothing that the caller set', async () => {
      home = await createScriptedServer(({ path }) =>
        path === '/' ? redirect(302, `${other.url}back`) : { status: 200, body: ['data: home\n\n', 'HOLD'] },
      )
      const stream = record(home.url, { transport, headers: secrets })
      await stream.received(1)
      expect(home.requests[1]).toMatchObject({ path: '/home' })
      expect(JSON.stringify(home.requests[1]?.headers)).not.toContain('hunter2')
      stream.subscription.unsubscribe()
    })

    it('does not get the body of a 307', async () => {
      home = await createScriptedServer([redirect(307, other.url)])
      const error = await record(home.url, { transport, method: 'POST', body: 'hunter2' }).over()
      expect(error).toMatchObject({ code: 'redirect' })
      expect(error?.message).toMatch(
        /^redirect: 307 from .* to .*, another origin, which must not get the body$/,
      )
      expect(other.requests).toHaveLength(0)
    })

    it('is followed as a GET without it by a 303', async () => {
      home = await createScriptedServer([redirect(303, other.url)])
      const stream = record(home.url, { transport, method: 'POST', body: 'hunter2' })
      await stream.received(1)
      expect(other.requests[0]).toMatchObject({ method: 'GET', body: Buffer.alloc(0) })
      expect(other.requests[0]?.headers).not.toHaveProperty('content-type')
      stream.subscription.unsubscribe()
    })
  })

  describe('a redirect within the origin', () => {
    for (const [status, method, then] of [
      [301, 'POST', 'GET'],
      [302, 'POST', 'GET'],
      [303, 'POST', 'GET'],
      [307, 'POST', 'POST'],
      [308, 'POST', 'POST'],
      [301, 'PUT', 'PUT'],
      [303, 'PUT', 'GET'],
      [303, 'HEAD', 'HEAD'],
    ] as const) {
      it(`by ${status} makes a ${then} of a ${method}`, async () => {
        home = await createScriptedServer([
          redirect(status, '/there?q=1'),
          { status: 200, body: ['data: a\n\n', 'HOLD'] },
        ])
        const body = method === 'HEAD' ? undefined : 'text'
        const stream = record(home.url, { transport, method, headers: secrets, ...(body && { body }) })
        const second = await home.request(1)
        expect(second).toMatchObject({ method: then, path: '/there?q=1' })
        expect(second.body.toString()).toBe(then === method && body ? body : '')
        expect(second.headers).toMatchObject(secrets)
        stream.subscription.unsubscribe()
      })
    }

    it('is not followed if the option is error', async () => {
      home = await createScriptedServer([redirect(302, '/there?token=hunter2')])
      const error = await record(home.url, { transport, redirect: 'error' }).over()
      expect(error).toMatchObject({ code: 'redirect' })
      expect(error?.message).toMatch(
        /^redirect: 302 from http:\S+\/ to http:\S+\/there, and the redirect option is 'error'$/,
      )
      expect(home.requests).toHaveLength(1)
    })

    it('is followed at most twenty times', async () => {
      home = await createScriptedServer(({ index }) => redirect(302, `/${index + 1}`))
      const error = await record(home.url, { transport }).over()
      expect(error?.message).toMatch(
        /^redirect: more than 20 in a row, the last one 302 from \S+\/20 to \S+\/21$/,
      )
      expect(home.requests).toHaveLength(21)
    })

    it('is followed twenty times again by the next connection', async () => {
      home = await createScriptedServer(({ index }) =>
        index % 21 < 20 ? redirect(302, `/${index + 1}`) : { status: 200, body: [`data: ${index}\n\n`] },
      )
      const stream = record(home.url, { transport, reconnect: soon })
      await stream.received(2)
      expect(stream.data).toEqual(['20', '41'])
      stream.subscription.unsubscribe()
    })
  })

  describe('a Location', () => {
    for (const [location, message] of [
      ['ftp://example.com/', /URL of ftp:, not http or https$/],
      ['javascript:alert(1)', /URL of javascript:/],
      ['http://user:hunter2@127.0.0.1/', /has a user or a password in it$/],
      ['http://[', /is not a URL$/],
    ] as const) {
      it(`${location} is an error`, async () => {
        home = await createScriptedServer([redirect(302, location)])
        const error = await record(home.url, { transport }).over()
        expect(error).toMatchObject({ code: 'redirect' })
        expect(error?.message).toMatch(message)
        expect(error?.message).not.toContain('hunter2')
      })
    }
  })
})

describe('a redirect of a custom transport', () => {
  const request: TransportRequest = {
    url: new URL('http://a/'),
    method: 'GET',
    headers: {},
    crossOriginHeaders: {},
    body: undefined,
    redirect: 'follow',
  }
  const silent: TransportHandler = { onResponse() {}, onData() {}, onEnd() {}, onError() {} }

  /** Answers the first request with a redirect, once told to; of the second it keeps the URL. */
  function redirecting(location: string): {
    transport: Transport
    urls: string[]
    did: string[]
    answer(): void
  } {
    const urls: string[] = []
    const did: string[] = []
    let answer: () => void = () => {}
    const transport: Transport = {
      open({ url }, handler): TransportConnection {
        const nth = urls.push(url.href)
        if (nth === 1)
          answer = () => handler.onResponse({ status: 302, headers: { location }, url: url.href })
        return {
          pause: () => did.push(`pause ${nth}`),
          resume: () => did.push(`resume ${nth}`),
          abort: () => did.push(`abort ${nth}`),
        }
      },
    }
    return { transport, urls, did, answer: () => answer() }
  }

  it('whose Location a transport has decoded already is taken as it is', () => {
    const { transport, urls, answer } = redirecting('/日本')
    followRedirects(transport).open(request, silent)
    answer()
    expect(urls).toEqual(['http://a/', 'http://a/%E6%97%A5%E6%9C%AC'])
  })

  it('is as paused as what it redirects', () => {
    const { transport, did, answer } = redirecting('/there')
    const exchange = followRedirects(transport).open(request, silent)
    exchange.pause()
    answer()
    exchange.resume()
    expect(did).toEqual(['pause 1', 'abort 1', 'pause 2', 'resume 2'])
  })
})
