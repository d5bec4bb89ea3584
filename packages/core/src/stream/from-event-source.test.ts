import { createScriptedServer } from '@rxsse/testing'
import { describe, expect, it } from 'vitest'
import { record } from '../../test/record.ts'
import { fromEventSource } from '../index.ts'

describe('a subscription', () => {
  it('opens one connection, and nothing is opened before it', async () => {
    await using server = await createScriptedServer(() => ({ status: 200, body: ['data: a\n\n', 'HOLD'] }))
    const source = fromEventSource(server.url)
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(server.connections).toBe(0)
    const subscriptions = [source.subscribe(), source.subscribe()]
    await server.request(1)
    expect(server.requests[0]?.connection).not.toBe(server.requests[1]?.connection)
    for (const subscription of subscriptions) subscription.unsubscribe()
  })

  it('delivers events with type, data and last event ID', async () => {
    await using server = await createScriptedServer([
      { status: 200, body: ['data: a\n\nevent: b\nid: 1\ndata: 1\ndata: 2\n\ndata\n\n', 'HOLD'] },
    ])
    const stream = record(server.url)
    await stream.received(3)
    expect(stream.events).toEqual([
      { type: 'message', data: 'a', lastEventId: '' },
      { type: 'b', data: '1\n2', lastEventId: '1' },
      { type: 'message', data: '', lastEventId: '1' },
    ])
    stream.subscription.unsubscribe()
  })

  it('completes on 204', async () => {
    await using server = await createScriptedServer([])
    const stream = record(server.url)
    expect(await stream.over()).toBeUndefined()
    expect(stream.states.at(-1)).toEqual({ status: 'closed', reason: 'complete' })
    expect(server.requests).toHaveLength(1)
  })

  it('reports comments, also within a block and without a blank line after them', async () => {
    await using server = await createScriptedServer([
      {
        status: 200,
        body: [': one\n', { sleep: 20 }, ':two\r', { sleep: 20 }, '\n:  three\ndata: a\n: four\n\n', 'HOLD'],
      },
    ])
    const stream = record(server.url)
    await stream.received(1)
    expect(stream.comments).toEqual(['one', 'two', ' three', 'four'])
    stream.subscription.unsubscribe()
  })

  it('delivers only the requested types and the notices of a sink', async () => {
    await using server = await createScriptedServer([
      {
        status: 200,
        body: [
          'id: 1\ndata: a\n\nevent: b\ndata: b\n\nevent: gap\ndata: {}\n\nevent: lagged\ndata: {}\n\nevent: B\ndata\n\nevent: b\ndata: c\n\n',
          'HOLD',
        ],
      },
    ])
    const stream = record(server.url, { events: ['b'] })
    await stream.received(4)
    expect(stream.events.map(({ type, lastEventId }) => [type, lastEventId])).toEqual([
      ['b', '1'],
      ['gap', '1'],
      ['lagged', '1'],
      ['b', '1'],
    ])
    stream.subscription.unsubscribe()
  })

  it('reports the error of a state or comments observer as RxJS does, and reads on', async () => {
    await using server = await createScriptedServer([{ status: 200, body: [': c\n\ndata: a\n\n', 'HOLD'] }])
    const unhandled: unknown[] = []
    const listeners = process.listeners('uncaughtException')
    process.removeAllListeners('uncaughtException').on('uncaughtException', (error) => unhandled.push(error))
    const boom = new Error('boom')
    const observer = {
      next: () => {
        throw boom
      },
    }
    const data = await new Promise((resolve) => {
      const subscription = fromEventSource(server.url, { state: observer, comments: observer }).subscribe(
        (event) => {
          resolve(event.data)
          subscription.unsubscribe()
        },
      )
    })
    await new Promise((resolve) => setTimeout(resolve, 20))
    process.removeAllListeners('uncaughtException')
    for (const listener of listeners) process.on('uncaughtException', listener)
    expect(data).toBe('a')
    // connecting, open, the comment, closed
    expect(unhandled).toEqual([boom, boom, boom, boom])
  })
})
