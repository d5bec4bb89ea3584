import type { TracedMessage } from '@rxsse/server'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openClient, openNode } from '../../test/local-node.ts'
import { type Redis, redisPath, startRedis } from '../../test/redis.ts'

describe.skipIf(redisPath === undefined)('several nodes on one Redis', () => {
  let redis: Redis
  let keys = 0

  beforeAll(async () => {
    redis = await startRedis()
  })
  afterAll(() => redis.close())

  const nodes = (count: number, options: { maxLength?: number } = {}) => {
    const key = `nodes-${++keys}`
    return Promise.all(Array.from({ length: count }, () => openNode({ url: redis.url, key, ...options })))
  }

  it('deliver the messages of every node to the clients of all nodes, in one order', async () => {
    const three = await nodes(3)
    const clients = await Promise.all(three.flatMap(({ url }) => [openClient(url), openClient(url)]))
    const publishing = three.slice(0, 2).map(async ({ sink }, node) => {
      for (let n = 0; n < 200; n++) await sink.publish({ data: `${node}:${n}` })
    })
    await Promise.all(publishing)
    await expect.poll(() => clients.every(({ events }) => events.length >= 400)).toBe(true)
    const [first] = clients
    for (const { events } of clients) expect(events).toEqual(first?.events)
    for (const node of ['0', '1']) {
      const own = first?.data().filter((data) => data.startsWith(`${node}:`))
      expect(own).toEqual(Array.from({ length: 200 }, (_, n) => `${node}:${n}`))
    }
  })

  it('respect rooms, users and filters', async () => {
    const [one, two] = await nodes(2)
    if (one === undefined || two === undefined) throw new Error('no nodes')
    const all = await openClient(two.url)
    const room = await openClient(`${two.url}?room=a`)
    const user = await openClient(`${two.url}?as=u`)
    const filtered = await openClient(`${two.url}?event_type=alert.*`)
    const { sink } = one
    sink.room('a').next({ data: 'to the room' })
    sink.user('u').next({ data: 'to the user' })
    await sink.publish({ type: 'alert.fire', data: 'an alert' })
    await sink.publish({ data: 'to all' })
    await expect.poll(() => [all, room, user].every((client) => client.data().includes('to all'))).toBe(true)
    expect(all.data()).toEqual(['an alert', 'to all'])
    expect(room.data()).toEqual(['to the room', 'an alert', 'to all'])
    expect(user.data()).toEqual(['to the user', 'an alert', 'to all'])
    expect(filtered.data()).toEqual(['an alert'])
    const later = await openClient(`${one.url}?room=a&as=u`, {
      lastEventId: all.events[0]?.lastEventId ?? '',
    })
    await expect.poll(() => later.events.length).toBe(1)
    expect(later.data()).toEqual(['to all'])
  })

  it('pass the trace of a message to the node that delivers it', async () => {
    const key = `nodes-${++keys}`
    const delivered: TracedMessage[][] = []
    const fields = (topic: string) => ({ traceparent: `00-${topic}`, tracestate: 'a=b' })
    const [here, there] = await Promise.all([
      openNode(
        { url: redis.url, key },
        {
          tracing: {
            publish: ({ topic }) => ({ fields: fields(topic), published: () => {}, failed: () => {} }),
            deliver: () => {},
          },
        },
      ),
      openNode(
        { url: redis.url, key },
        {
          tracing: {
            publish: () => undefined,
            deliver: ({ messages }) => delivered.push([...messages]),
          },
        },
      ),
    ])
    const client = await openClient(there.url)
    await here.sink.publish({ type: 'order', data: '1' })
    await there.sink.publish({ type: 'untraced', data: '2' })
    await here.sink.publish({ type: 'payment', data: '3' })
    await expect.poll(() => client.events.length).toBe(3)
    expect(delivered.flat()).toEqual(['order', 'payment'].map((topic) => ({ topic, fields: fields(topic) })))
  })

  it('resume the client of any node after its Last-Event-ID', async () => {
    const [one, two] = await nodes(2)
    if (one === undefined || two === undefined) throw new Error('no nodes')
    const here = await openClient(one.url)
    for (let n = 0; n < 600; n++) one.sink.next({ data: `${n}` })
    await expect.poll(() => here.events.length).toBe(600)
    const there = await openClient(two.url, { lastEventId: here.events[99]?.lastEventId ?? '' })
    await one.sink.publish({ data: 'live' })
    await expect.poll(() => there.data().includes('live')).toBe(true)
    expect(there.data()).toEqual([...here.data().slice(100, 600), 'live'])
  })

  it('send a gap for trimmed entries', async () => {
    const [one, two] = await nodes(2, { maxLength: 10 })
    if (one === undefined || two === undefined) throw new Error('no nodes')
    const { id } = await one.sink.publish({ data: '1' })
    for (let n = 2; n <= 31; n++) await one.sink.publish({ data: `${n}` })
    const late = await openClient(two.url, { lastEventId: id ?? '' })
    await expect.poll(() => late.data().includes('31')).toBe(true)
    const [gap, ...events] = late.events
    const epoch = id?.split('-')[0]
    expect(gap?.type).toBe('gap')
    expect(JSON.parse(gap?.data ?? '')).toEqual({
      from: id,
      to: `${epoch}-21`,
      reason: 'trimmed',
      missed: 20,
    })
    expect(events.map(({ data }) => Number(data))).toEqual([22, 23, 24, 25, 26, 27, 28, 29, 30, 31])
  })

  it('publish a message once for its source id, whichever node is called', async () => {
    const [one, two] = await nodes(2)
    if (one === undefined || two === undefined) throw new Error('no nodes')
    const client = await openClient(two.url)
    const first = await one.sink.publish({ data: 'once' }, 'all', { sourceId: 'order-1' })
    const second = await two.sink.publish({ data: 'once' }, 'all', { sourceId: 'order-1' })
    expect(second).toEqual(first)
    await two.sink.publish({ data: 'end' })
    await expect.poll(() => client.data().includes('end')).toBe(true)
    expect(client.data()).toEqual(['once', 'end'])
  })
})
