import { createScriptedServer } from '@rxsse/testing'
import { VirtualClock } from '@rxsse/testing/virtual-time'
import { describe, expect, it } from 'vitest'
import { record } from '../../test/record.ts'
import { fromEventSource } from '../index.ts'

describe('the state', () => {
  it('is reported from connecting to closed', async () => {
    await using server = await createScriptedServer([
      { status: 200, headers: { 'x-a': ['1', '2'] }, body: ['id: 7\ndata: a\n\n'] },
      { status: 503, body: ['later'] },
      { status: 200, body: ['HOLD'] },
    ])
    const clock = new VirtualClock()
    const stream = record(server.url, { scheduler: clock, random: () => 0.25 })
    await stream.state('waiting')
    clock.advanceBy(1250)
    await stream.state('waiting', 2)
    clock.advanceBy(1250)
    await stream.state('open', 2)
    stream.subscription.unsubscribe()

    const [connecting, open, waiting, , refused] = stream.states
    expect(connecting).toEqual({ status: 'connecting', attempt: 1, url: server.url, lastEventId: '' })
    expect(open).toMatchObject({ status: 'open', attempt: 1, url: server.url, httpStatus: 200 })
    expect(open).toHaveProperty('headers.x-a', '1, 2')
    expect(waiting).toEqual({ status: 'waiting', attempt: 1, delay: 1250, reason: 'end' })
    expect(stream.states[3]).toEqual({ status: 'connecting', attempt: 2, url: server.url, lastEventId: '7' })
    expect(refused).toMatchObject({
      status: 'waiting',
      attempt: 2,
      // The connection before it delivered an event and ended properly, so this is the first failure.
      delay: 1250,
      reason: { code: 'http-status', status: 503, body: 'later' },
    })
    expect(stream.statuses).toEqual([
      'connecting',
      'open',
      'waiting',
      'connecting',
      'waiting',
      'connecting',
      'open',
      'closed',
    ])
    expect(stream.states.at(-1)).toEqual({ status: 'closed', reason: 'unsubscribed' })
  })

  it('ends with the error of the stream', async () => {
    await using server = await createScriptedServer([{ status: 404, body: [] }])
    const stream = record(server.url)
    const error = await stream.over()
    expect(stream.states.at(-1)).toEqual({ status: 'closed', reason: error })
  })

  it('may be unsubscribed by its observer at any time', async () => {
    for (const status of ['connecting', 'open', 'waiting'] as const) {
      await using server = await createScriptedServer([{ status: 200, body: ['data: a\n\n'] }])
      const clock = new VirtualClock()
      const seen: string[] = []
      await new Promise<void>((resolve) => {
        const subscription = fromEventSource(server.url, {
          scheduler: clock,
          state: {
            next(state) {
              seen.push(state.status)
              if (state.status === status) subscription.unsubscribe()
              if (state.status === 'closed') resolve()
            },
          },
        }).subscribe()
      })
      expect(seen.slice(-2)).toEqual([status, 'closed'])
      expect(clock.timers).toBe(0)
    }
  })

  it('ends with closed if reconnect.decide unsubscribes', async () => {
    await using server = await createScriptedServer([{ status: 200, body: ['data: a\n\n'] }])
    const seen: string[] = []
    await new Promise<void>((resolve) => {
      const subscription = fromEventSource(server.url, {
        reconnect: {
          decide() {
            subscription.unsubscribe()
            setTimeout(resolve, 20)
            return 'retry'
          },
        },
        state: { next: (state) => seen.push(state.status) },
      }).subscribe()
    })
    expect(seen).toEqual(['connecting', 'open', 'closed'])
    expect(server.connections).toBe(1)
  })

  it('is followed by no factory call if its observer unsubscribes', async () => {
    const called: string[] = []
    await new Promise<void>((resolve) => {
      const subscription = fromEventSource('http://127.0.0.1:9', {
        headers: () => {
          called.push('headers')
          return {}
        },
        state: {
          next() {
            subscription.unsubscribe()
            setTimeout(resolve, 20)
          },
        },
      }).subscribe()
    })
    expect(called).toEqual([])
  })
})
