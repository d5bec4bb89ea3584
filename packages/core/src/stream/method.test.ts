import { createScriptedServer } from '@rxsse/testing'
import { VirtualClock } from '@rxsse/testing/virtual-time'
import { describe, expect, it } from 'vitest'
import { delaysOf } from '../../test/delays.ts'
import { record } from '../../test/record.ts'
import { fromEventSource } from '../index.ts'

describe('a method that is a function', () => {
  const post = { method: ({ lastEventId }: { lastEventId: string }) => (lastEventId ? 'get' : 'post') }

  it('goes on by GET after a POST that the server ends, and waits as told, twice', async () => {
    await using server = await createScriptedServer([
      { status: 200, body: ['retry: 2000\nid: 1\ndata: a\n\n'] },
      { status: 200, body: ['id: 2\ndata: b\n\n'] },
      { status: 200, body: ['id: 3\ndata: c\n\n', 'HOLD'] },
    ])
    const clock = new VirtualClock()
    const stream = record(server.url, {
      ...post,
      body: '{"jsonrpc":"2.0"}',
      scheduler: clock,
      random: () => 0,
      until: ({ data }) => data === 'c',
    })
    expect(await delaysOf(stream, clock, 2)).toEqual([2000, 2000])
    expect(await stream.over()).toBeUndefined()
    expect(stream.data).toEqual(['a', 'b', 'c'])
    expect(server.requests.map(({ method, lastEventId, body }) => [method, lastEventId, `${body}`])).toEqual([
      ['POST', '', '{"jsonrpc":"2.0"}'],
      ['GET', '1', ''],
      ['GET', '2', ''],
    ])
    expect(server.requests[1]?.headers).not.toHaveProperty('content-type')
  })

  it('resumes after a cut, and after failures of the GET', async () => {
    await using server = await createScriptedServer([
      { status: 200, body: ['id: 1\ndata: a\n\n', 'CUT'] },
      { status: 503, body: [] },
      { raw: ['RST'] },
      { status: 200, body: ['id: 2\ndata: b\n\n', 'HOLD'] },
    ])
    const stream = record(server.url, { ...post, reconnect: { initialDelay: 1, minDelay: 1 } })
    await stream.received(2)
    expect(stream.data).toEqual(['a', 'b'])
    expect(server.requests.map(({ method }) => method)).toEqual(['POST', 'GET', 'GET', 'GET'])
    stream.subscription.unsubscribe()
  })

  it('does not send a POST again that was cut, or that ended before anything could be resumed', async () => {
    for (const [body, error] of [
      [['data: a\n\n', { sleep: 20 }, 'CUT'], { code: 'network' }],
      [['data: a\n\n'], undefined],
    ] as const) {
      await using server = await createScriptedServer([{ status: 200, body }])
      const stream = record(server.url, { ...post, body: '{}' })
      const actual = await stream.over()
      if (error) expect(actual).toMatchObject(error)
      else expect(actual).toBeUndefined()
      expect(server.requests).toHaveLength(1)
    }
  })

  it('is asked again after a factory that failed before anything was sent', async () => {
    await using server = await createScriptedServer([{ status: 200, body: ['data: a\n\n'] }])
    const stream = record(server.url, {
      ...post,
      body: ({ number }) => (number < 3 ? Promise.reject(new Error('not yet')) : 'now'),
      reconnect: { initialDelay: 1, minDelay: 1 },
    })
    expect(await stream.over()).toBeUndefined()
    expect(stream.data).toEqual(['a'])
    expect(server.requests.map(({ method, body }) => `${method} ${body}`)).toEqual(['POST now'])
  })

  it('may be POST, which is sent once, and not before its factories succeed', async () => {
    await using server = await createScriptedServer([{ status: 200, body: ['data: a\n\n'] }])
    const stream = record(server.url, {
      method: 'POST',
      body: ({ number }) => (number < 3 ? Promise.reject(new Error('not yet')) : 'now'),
      reconnect: { initialDelay: 1, minDelay: 1 },
    })
    expect(await stream.over()).toBeUndefined()
    expect(server.requests.map(({ method, body }) => `${method} ${body}`)).toEqual(['POST now'])
  })

  it('is called once for each connection, and may be async', async () => {
    await using server = await createScriptedServer(({ index }) => ({
      status: 200,
      body: [`id: ${index}\n\n`],
    }))
    const asked: number[] = []
    const stream = record(server.url, {
      async method({ number }) {
        asked.push(number)
        return 'GET'
      },
      reconnect: { initialDelay: 1, minDelay: 1 },
    })
    await stream.state('waiting', 3)
    stream.subscription.unsubscribe()
    expect(asked.slice(0, 3)).toEqual([1, 2, 3])
  })

  it('errors the stream if it fails after a POST', async () => {
    for (const fails of [() => Promise.reject(new Error('boom')), () => new Promise<string>(() => {})]) {
      await using server = await createScriptedServer([{ status: 200, body: ['id: 1\ndata: a\n\n'] }])
      const clock = new VirtualClock()
      const stream = record(server.url, {
        scheduler: clock,
        method: ({ number }) => (number === 1 ? 'POST' : fails()),
      })
      await stream.received(1)
      await expect
        .poll(() => {
          clock.advanceBy(300_000)
          return stream.error
        })
        .toMatchObject({ code: 'request', message: 'the method cannot be made' })
      expect(clock.timers).toBe(0)
      expect(server.requests).toHaveLength(1)
    }
  })

  it('sends nothing more if reconnect is false', async () => {
    await using server = await createScriptedServer([{ status: 200, body: ['id: 1\ndata: a\n\n'] }])
    const asked: number[] = []
    const stream = record(server.url, {
      reconnect: false,
      method({ number }) {
        asked.push(number)
        return 'GET'
      },
    })
    expect(await stream.over()).toBeUndefined()
    expect(asked).toEqual([1])
  })

  it('may be unsubscribed from while it is asked', async () => {
    await using server = await createScriptedServer([{ status: 200, body: ['id: 1\ndata: a\n\n'] }])
    const clock = new VirtualClock()
    await new Promise<void>((resolve) => {
      const subscription = fromEventSource(server.url, {
        scheduler: clock,
        method({ number }) {
          if (number === 2) {
            subscription.unsubscribe()
            setTimeout(resolve, 20)
          }
          return number === 1 ? 'POST' : 'GET'
        },
      }).subscribe()
    })
    expect(clock.timers).toBe(0)
    expect(server.requests).toHaveLength(1)
  })
})
