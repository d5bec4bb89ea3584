import { describe, expect, it } from 'vitest'
import { openReader } from '../../test/reader.ts'
import { serveTestSink } from '../../test/serve.ts'
import { memoryLog } from '../log/memory-log.ts'
import { createSink } from '../sink/sink.ts'
import type { SinkOptions } from '../sink/sink-options.ts'
import type { Permit, SharedPermits } from './limits.ts'

const serveQuiet = (options?: SinkOptions) => serveTestSink({ onError: () => {}, ...options })

describe('rooms', () => {
  it('are denied without `rooms.authorize`', async () => {
    const { url } = await serveQuiet()
    expect((await openReader(`${url}/?room=a`)).status).toBe(403)
    expect((await openReader(`${url}/?rooms=a,b`)).status).toBe(403)
  })

  it('are authorized all at once, with the user', async () => {
    const asked: unknown[] = []
    const { url } = await serveQuiet({
      identify: () => '7',
      rooms: {
        authorize: (_request, names, user) => {
          asked.push([names, user])
          return !names.includes('secret')
        },
      },
    })
    expect((await openReader(`${url}/?room=a&rooms=b,c`)).status).toBe(200)
    expect((await openReader(`${url}/?rooms=a,secret`)).status).toBe(403)
    expect(asked).toEqual([
      [['a', 'b', 'c'], '7'],
      [['a', 'secret'], '7'],
    ])
  })

  it('receive their own messages and those for everybody', async () => {
    const { sink, url } = await serveQuiet({ rooms: { authorize: () => true } })
    const member = await openReader(`${url}/?room=a`)
    const other = await openReader(`${url}/?room=b`)
    sink.room('a').next({ data: 'for a' })
    sink.to((m) => ({ room: m.type })).next({ type: 'b', data: 'for b' })
    sink.next({ data: 'for all' })
    expect((await member.take(2)).map(({ data }) => data)).toEqual(['for a', 'for all'])
    expect((await other.take(2)).map(({ data }) => data)).toEqual(['for b', 'for all'])
  })

  it('must have names of one line', async () => {
    const { url } = await serveQuiet({ rooms: { authorize: () => true } })
    for (const character of ['%0a', '%0d', '%00']) {
      expect((await openReader(`${url}/?room=a${character}b`)).status).toBe(400)
    }
  })
})

describe('users', () => {
  it('are resolved by `identify`, on all their connections', async () => {
    const { sink, url } = await serveQuiet({
      identify: async ({ headers }) => headers.get('x-user') ?? undefined,
    })
    const phone = await openReader(url, { headers: { 'x-user': '42' } })
    const desk = await openReader(url, { headers: { 'x-user': '42' } })
    const stranger = await openReader(url)
    sink.user('42').next({ data: 'private' })
    await sink.publish({ data: 'public' })
    expect((await phone.take(2)).map(({ data }) => data)).toEqual(['private', 'public'])
    expect((await desk.take(2)).map(({ data }) => data)).toEqual(['private', 'public'])
    expect((await stranger.take(1)).map(({ data }) => data)).toEqual(['public'])
  })

  it('are not taken from `?user_id=`', async () => {
    const { sink, url } = await serveQuiet({ identify: () => undefined })
    const claimant = await openReader(`${url}/?user_id=42`)
    await sink.publish({ data: 'private' }, { user: '42' })
    await sink.publish({ data: 'public' })
    expect((await claimant.take(1)).map(({ data }) => data)).toEqual(['public'])
  })

  it('are taken from `?user_id=` with trustQueryUser, if `identify` returns none', async () => {
    const { sink, url } = await serveQuiet({
      trustQueryUser: true,
      identify: ({ headers }) => headers.get('x-user') ?? undefined,
    })
    const unknown = await openReader(`${url}/?user_id=42`)
    const known = await openReader(`${url}/?user_id=42`, { headers: { 'x-user': '7' } })
    await sink.publish({ data: 'for 42' }, { user: '42' })
    await sink.publish({ data: 'for all' })
    expect(await unknown.take(2)).toHaveLength(2)
    expect((await known.take(1)).map(({ data }) => data)).toEqual(['for all'])
  })

  it('receive only their own messages when they resume', async () => {
    const { sink, url } = await serveQuiet({
      log: memoryLog(),
      identify: ({ headers }) => headers.get('x-user') ?? undefined,
    })
    const { id = '' } = await sink.publish({ data: 0 })
    await sink.publish({ data: 'for 1' }, { user: '1' })
    await sink.publish({ data: 'for 2' }, { user: '2' })
    await sink.publish({ data: 'for all' })
    const reader = await openReader(url, { headers: { 'x-user': '2', 'last-event-id': id } })
    expect((await reader.take(2)).map(({ data }) => data)).toEqual(['for 2', 'for all'])
  })
})

describe('access', () => {
  it('that throws is answered with a bare 500, and onError gets the error', async () => {
    const errors: unknown[] = []
    const { url } = await serveQuiet({
      access: () => {
        throw new Error('the password is hunter2')
      },
      onError: (error) => errors.push(error),
    })
    const reader = await openReader(url)
    expect(reader.status).toBe(500)
    await reader.ended
    expect(reader.text()).toBe('something went wrong\n')
    expect(errors).toHaveLength(1)
  })

  it('that decides nothing admits nobody', async () => {
    const { url } = await serveQuiet({ access: () => ({}) as never })
    expect((await openReader(url)).status).toBe(403)
  })

  it('sets the challenge of a 401', async () => {
    const { url } = await serveQuiet({ access: () => ({ deny: 401, challenge: 'Basic realm="x"' }) })
    expect((await openReader(url)).headers['www-authenticate']).toBe('Basic realm="x"')
  })
})

describe('cors', () => {
  it('is off by default', async () => {
    const { url } = await serveQuiet()
    const reader = await openReader(url, { headers: { origin: 'https://a.example' } })
    expect(reader.headers['access-control-allow-origin']).toBeUndefined()
    const preflight = { method: 'OPTIONS', headers: { 'access-control-request-method': 'GET' } }
    expect((await openReader(url, preflight)).status).toBe(405)
  })

  it('applies to every response, so that a page can read why it was denied', async () => {
    const { url } = await serveQuiet({ cors: { origins: '*' }, access: () => ({ deny: 403 }) })
    const denied = await openReader(url, { headers: { origin: 'https://a.example' } })
    expect(denied.status).toBe(403)
    expect(denied.headers['access-control-allow-origin']).toBe('*')
  })

  it('answers a preflight before access, because it never has credentials', async () => {
    const { url } = await serveQuiet({
      cors: { origins: '*', headers: ['X-Key'] },
      access: () => ({ deny: 401 }),
    })
    const headers = { origin: 'https://a.example', 'access-control-request-method': 'GET' }
    const preflight = await openReader(url, { method: 'OPTIONS', headers })
    expect(preflight.status).toBe(204)
    expect(preflight.headers['access-control-allow-headers']).toBe(
      'Authorization, Cache-Control, Last-Event-ID, X-Key',
    )
    expect(preflight.headers['access-control-max-age']).toBe('3600')
  })

  it('accepts a function of the origin', async () => {
    const { url } = await serveQuiet({ cors: { origins: (origin) => origin.endsWith('.example') } })
    const reader = await openReader(url, { headers: { origin: 'https://a.example' } })
    expect(reader.headers['access-control-allow-origin']).toBe('https://a.example')
  })

  it('rejects a wildcard with credentials', () => {
    expect(() => createSink({ cors: { origins: '*', credentials: true } })).toThrow(/must name the origins/)
    expect(() => createSink({ cors: { origins: ['*'], credentials: true } })).toThrow(/must name the origins/)
  })
})

describe('limits', () => {
  it("tell excess clients when to come back, and end the stream, with 'retry'", async () => {
    const { sink, url } = await serveQuiet({ limits: { connections: 1 }, retry: '2s', random: () => 0.5 })
    const first = await openReader(url)
    const second = await openReader(url)
    expect(second.status).toBe(200)
    expect(second.headers['content-type']).toBe('text/event-stream')
    expect(await second.ended).toBe('end')
    expect(second.interpret()).toEqual({ events: [], retry: 3000, lastEventId: '' })
    first.close()
    await expect.poll(() => sink.stats().connections).toBe(0)
    const third = await openReader(url)
    await sink.publish({ data: 'x' })
    await third.take(1)
  })

  it('answer 503 with Retry-After, with 503', async () => {
    const { url } = await serveQuiet({
      limits: { connections: 0, overload: 503 },
      retry: '2s',
      random: () => 0.5,
    })
    const reader = await openReader(url)
    expect(reader.status).toBe(503)
    expect(reader.headers['retry-after']).toBe('3')
  })

  it('count by key, which is the user by default', async () => {
    const { url } = await serveQuiet({
      limits: { connectionsPerKey: 1, overload: 503 },
      identify: ({ headers }) => headers.get('x-user') ?? undefined,
    })
    const statusAs = async (user?: string) =>
      (await openReader(url, user === undefined ? {} : { headers: { 'x-user': user } })).status
    expect(await statusAs('1')).toBe(200)
    expect(await statusAs('1')).toBe(503)
    expect(await statusAs('2')).toBe(200)
    expect(await statusAs()).toBe(200)
    expect(await statusAs()).toBe(200)
  })

  it('count a key on all servers, asynchronously', async () => {
    let free = 1
    const across: SharedPermits = {
      async take(key, most) {
        expect([key, most]).toEqual(['1', 2])
        await new Promise((resolve) => setTimeout(resolve, 1))
        if (free === 0) return undefined
        free--
        return { release: () => void free++ }
      },
    }
    const { sink, url } = await serveQuiet({
      limits: { connections: 2, connectionsPerKey: 2, across, overload: 503 },
      trustQueryUser: true,
    })
    const first = await openReader(`${url}?user_id=1`)
    expect(first.status).toBe(200)
    expect((await openReader(`${url}?user_id=1`)).status).toBe(503)
    // The excess request does not count in the total.
    expect((await openReader(url)).status).toBe(200)
    expect((await openReader(url)).status).toBe(503)
    first.close()
    await expect.poll(() => free).toBe(1)
    expect((await openReader(`${url}?user_id=1`)).status).toBe(200)
    await sink.close({ drain: 0 })
    expect(free).toBe(1)
  })

  it('release a permit if the shared count fails, or if the sink closes meanwhile', async () => {
    const errors: unknown[] = []
    const grants: ((permit: Permit) => void)[] = []
    let asked = 0
    const across: SharedPermits = {
      take() {
        if (asked++ === 0) throw new Error('unreachable')
        return new Promise((resolve) => grants.push(resolve))
      },
    }
    const { sink, url } = await serveQuiet({
      limits: { connections: 1, connectionsPerKey: 1, across, overload: 503 },
      trustQueryUser: true,
      onError: (error) => errors.push(error),
    })
    expect((await openReader(`${url}?user_id=1`)).status).toBe(500)
    expect(errors).toEqual([new Error('unreachable')])
    const waiting = openReader(`${url}?user_id=1`)
    await expect.poll(() => grants.length).toBe(1)
    await sink.close({ drain: 0 })
    let released = 0
    grants[0]?.({ release: () => void released++ })
    expect((await waiting).status).toBe(503)
    expect(released).toBe(1)
  })

  it.each([
    [{ connections: -1 }, /limits\.connections must be .* not the number -1/],
    [{ connectionsPerKey: 1.5 }, /limits\.connectionsPerKey must be .* not the number 1\.5/],
    [{ overload: 429 as never }, /limits\.overload must be 'retry' or 503, not the number 429/],
    [{ across: { take: () => undefined } }, /limits\.across needs limits\.connectionsPerKey/],
  ])('reject the options %j at once', (limits, text) => {
    expect(() => createSink({ limits })).toThrow(text)
  })
})
