import { createScriptedServer } from '@rxsse/testing'
import { VirtualClock } from '@rxsse/testing/virtual-time'
import { describe, expect, it } from 'vitest'
import { record } from '../../test/record.ts'

const soon = { initialDelay: 1, minDelay: 1, jitter: 0 } as const

describe('the last event ID', () => {
  it('starts at the lastEventId option', async () => {
    await using server = await createScriptedServer([{ status: 200, body: ['data: a\n\n', 'HOLD'] }])
    const stream = record(server.url, { lastEventId: '41' })
    await stream.received(1)
    expect(server.requests[0]?.lastEventId).toBe('41')
    expect(stream.events[0]?.lastEventId).toBe('41')
    stream.subscription.unsubscribe()
  })

  for (const [name, loader] of [
    ['a checkpoint', { load: async () => '41' }],
    ['a function', () => '41'],
    ['a function, as a number', () => 41 as unknown as string],
    ['its value, as a number', 41 as unknown as string],
  ] as const) {
    it(`is loaded by ${name}`, async () => {
      await using server = await createScriptedServer([{ status: 200, body: ['HOLD'] }])
      const stream = record(server.url, { lastEventId: loader })
      expect((await server.request(0)).lastEventId).toBe('41')
      stream.subscription.unsubscribe()
    })
  }

  for (const [name, lastEventId] of [
    ['null', null],
    ['a loader of null', () => null],
    ['a checkpoint of nothing', { load: async () => undefined }],
  ] as const) {
    it(`is none with ${name}`, async () => {
      await using server = await createScriptedServer([{ status: 200, body: ['data: a\n\n', 'HOLD'] }])
      const seen: unknown[] = []
      const stream = record(
        (attempt) => {
          seen.push(attempt.lastEventId)
          return server.url
        },
        { lastEventId },
      )
      await stream.received(1)
      expect(server.requests[0]?.headers).not.toHaveProperty('last-event-id')
      expect([...seen, stream.events[0]?.lastEventId]).toEqual(['', ''])
      stream.subscription.unsubscribe()
    })
  }

  it('is loaded again after a failure, and only once after success', async () => {
    await using server = await createScriptedServer([
      { status: 200, body: ['id: 42\ndata: a\n\n'] },
      { status: 200, body: ['HOLD'] },
    ])
    let loads = 0
    const stream = record(server.url, {
      lastEventId: {
        async load() {
          loads += 1
          if (loads === 1) throw new Error('busy')
          return '41'
        },
      },
      reconnect: soon,
    })
    expect((await server.request(1)).lastEventId).toBe('42')
    expect(server.requests[0]?.lastEventId).toBe('41')
    expect(loads).toBe(2)
    expect(stream.states[0]).toMatchObject({ status: 'waiting', reason: { code: 'request' } })
    stream.subscription.unsubscribe()
  })

  it('a loader that hangs times out, and its late result does not replace a newer ID', async () => {
    await using server = await createScriptedServer([
      { status: 200, body: ['id: 2\ndata: a\n\n'] },
      { status: 200, body: ['HOLD'] },
    ])
    const clock = new VirtualClock()
    const loads: ((id: string) => void)[] = []
    const stream = record(server.url, {
      lastEventId: () => new Promise<string>((resolve) => void loads.push(resolve)),
      scheduler: clock,
      reconnect: { jitter: 0 },
    })
    clock.advanceBy(30_000)
    expect((await stream.state('waiting')).reason).toMatchObject({ code: 'connect-timeout' })
    clock.advanceBy(1000)
    loads[1]?.('1')
    await stream.state('waiting', 2)
    loads[0]?.('0')
    clock.advanceBy(2000)
    expect((await server.request(1)).lastEventId).toBe('2')
    stream.subscription.unsubscribe()
  })

  it('replaces a header of the caller as soon as the stream sets one', async () => {
    await using server = await createScriptedServer([
      { status: 200, body: ['id: 1\ndata: a\n\n'] },
      { status: 200, body: ['id:\ndata: b\n\n'] },
      { status: 200, body: ['HOLD'] },
    ])
    const stream = record(server.url, { headers: { 'Last-Event-ID': 'mine' }, reconnect: soon })
    await server.request(2)
    expect(server.requests.map(({ lastEventId }) => lastEventId)).toEqual(['mine', '1', ''])
    stream.subscription.unsubscribe()
  })

  it('goes into the query if lastEventIdIn names a parameter', async () => {
    await using server = await createScriptedServer([
      { status: 200, body: ['id: a b\u0001…\ndata: a\n\n'] },
      { status: 200, body: ['id:\ndata: b\n\n'] },
      { status: 200, body: ['HOLD'] },
    ])
    const stream = record(`${server.url}?q=1`, { lastEventIdIn: { query: 'after' }, reconnect: soon })
    await server.request(2)
    expect(server.requests.map(({ path }) => path)).toEqual(['/?q=1', '/?q=1&after=a+b%01%E2%80%A6', '/?q=1'])
    expect(server.requests.some(({ headers }) => 'last-event-id' in headers)).toBe(false)
    stream.subscription.unsubscribe()
  })

  it('leaves the rest of the query as it is, because a signature may cover it', async () => {
    await using server = await createScriptedServer([
      { status: 200, body: ['id: 2&x=#\ndata: a\n\n'] },
      { status: 200, body: ['HOLD'] },
    ])
    const query = 'sig=a/b~c%20d|e&flag&z=%2F&list=a+b&list=c'
    const stream = record(`${server.url}?${query}#part`, {
      lastEventIdIn: { query: 'after' },
      reconnect: soon,
    })
    await server.request(1)
    expect(server.requests.map(({ path }) => path)).toEqual([`/?${query}`, `/?${query}&after=2%26x%3D%23`])
    stream.subscription.unsubscribe()
  })

  it('replaces a parameter of the caller as soon as the stream sets one', async () => {
    await using server = await createScriptedServer([
      { status: 200, body: ['id: 1\ndata: a\n\n'] },
      { status: 200, body: ['id:\ndata: b\n\n'] },
      { status: 200, body: ['HOLD'] },
    ])
    const stream = record(`${server.url}?last%20id=mine&q=1&last+id=too`, {
      lastEventIdIn: { query: 'last id' },
      reconnect: soon,
    })
    await server.request(2)
    expect(server.requests.map(({ path }) => path)).toEqual([
      '/?last%20id=mine&q=1&last+id=too',
      '/?q=1&last+id=1',
      '/?q=1',
    ])
    stream.subscription.unsubscribe()
  })
})
