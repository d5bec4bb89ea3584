import { createScriptedServer } from '@rxsse/testing'
import { VirtualClock } from '@rxsse/testing/virtual-time'
import { NEVER, Subject, throwError } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { record } from '../../test/record.ts'
import { fromEventSource } from '../index.ts'

const soon = { initialDelay: 1, minDelay: 1, jitter: 0 } as const

describe('wake', () => {
  it('ends a wait once minDelay has passed, again and again', async () => {
    await using server = await createScriptedServer(() => ({ status: 503, body: [] }))
    const clock = new VirtualClock()
    const wake = new Subject<void>()
    const stream = record(server.url, { scheduler: clock, wake, reconnect: { minDelay: 100, jitter: 0 } })
    for (let nth = 1; nth <= 3; nth++) {
      await stream.state('waiting', nth)
      // The second wake changes nothing.
      wake.next()
      wake.next()
      clock.advanceBy(99)
      expect(clock.timers).toBe(2)
      clock.advanceBy(1)
      await stream.state('connecting', nth + 1)
    }
    stream.subscription.unsubscribe()
    expect(clock.timers).toBe(0)
    expect(wake.observed).toBe(false)
  })

  it('connects at once if minDelay has passed', async () => {
    await using server = await createScriptedServer([
      { status: 503, body: [] },
      { status: 200, body: ['HOLD'] },
    ])
    const clock = new VirtualClock()
    const wake = new Subject<void>()
    const stream = record(server.url, { scheduler: clock, wake })
    await stream.state('waiting')
    clock.advanceBy(60)
    wake.next()
    await stream.state('open')
    expect(clock.frame).toBe(60)
    stream.subscription.unsubscribe()
  })

  it('does not connect before a Retry-After has passed', async () => {
    await using server = await createScriptedServer([
      { status: 503, headers: { 'retry-after': '3600' }, body: [] },
      { status: 200, body: ['HOLD'] },
    ])
    const clock = new VirtualClock()
    const wake = new Subject<void>()
    const stream = record(server.url, { scheduler: clock, wake, random: () => 0.9 })
    expect((await stream.state('waiting')).delay).toBeGreaterThan(6_000_000)
    wake.next()
    clock.advanceBy(3_599_999)
    wake.next()
    expect(stream.statuses).toEqual(['connecting', 'waiting'])
    clock.advanceBy(1)
    await stream.state('open')
    expect(server.requests).toHaveLength(2)
    stream.subscription.unsubscribe()
  })

  it('that comes while the stream connects in vain counts, for the next connection alone', async () => {
    let refuse = (): void => {}
    await using server = await createScriptedServer(() => ({
      raw: [
        {
          until: new Promise<void>((resolve) => {
            refuse = resolve
          }),
        },
        'HTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n',
      ],
    }))
    const clock = new VirtualClock()
    const wake = new Subject<void>()
    const stream = record(server.url, { scheduler: clock, wake, random: () => 0 })
    for (const [index, wakes] of [true, false, true].entries()) {
      await server.request(index)
      if (wakes) wake.next()
      refuse()
      const { delay } = await stream.state('waiting', index + 1)
      expect(delay).toBe(1000 * 2 ** index)
      clock.advanceBy(49)
      expect(stream.statuses.at(-1)).toBe('waiting')
      clock.advanceBy(wakes ? 1 : delay)
      await stream.state('connecting', index + 2)
    }
    stream.subscription.unsubscribe()
  })

  it('that comes while a function makes the request counts too', async () => {
    await using server = await createScriptedServer([
      { status: 503, body: [] },
      { status: 200, body: ['HOLD'] },
    ])
    const wake = new Subject<void>()
    const stream = record(server.url, {
      wake,
      headers: async ({ number }) => {
        if (number === 1) wake.next()
        return {}
      },
      reconnect: { initialDelay: '1h', maxDelay: '1h' },
    })
    await stream.state('open')
    stream.subscription.unsubscribe()
  })

  it('does nothing while the stream reads, and may come from an observer of the state', async () => {
    await using server = await createScriptedServer([
      { status: 503, body: [] },
      { status: 200, body: ['data: a\n\n', 'HOLD'] },
    ])
    const wake = new Subject<void>()
    const seen: string[] = []
    const subscription = fromEventSource(server.url, {
      wake,
      reconnect: { initialDelay: '1h', minDelay: 0, jitter: 0 },
      state: {
        next({ status }) {
          seen.push(status)
          wake.next()
        },
      },
    }).subscribe()
    await expect.poll(() => seen).toEqual(['connecting', 'waiting', 'connecting', 'open'])
    wake.next()
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(seen).toHaveLength(4)
    subscription.unsubscribe()
    expect(server.connections).toBe(2)
  })

  it('that fails errors the stream', async () => {
    await using server = await createScriptedServer([{ status: 200, body: ['data: a\n\n', 'HOLD'] }])
    const cause = new Error('boom')
    const failed = { code: 'request', message: 'wake failed', cause }
    const early = record(server.url, { wake: throwError(() => cause) })
    expect(await early.over()).toMatchObject(failed)
    expect(server.connections).toBe(0)
    const wake = new Subject<void>()
    const stream = record(server.url, { wake })
    await stream.received(1)
    wake.error(cause)
    expect(await stream.over()).toMatchObject(failed)
    expect(await server.closed(0)).toBe('client')
  })

  it('may never emit', async () => {
    await using server = await createScriptedServer([
      { status: 503, body: [] },
      { status: 200, body: ['data: a\n\n', 'HOLD'] },
    ])
    const stream = record(server.url, { wake: NEVER, reconnect: soon })
    await stream.received(1)
    stream.subscription.unsubscribe()
  })
})
