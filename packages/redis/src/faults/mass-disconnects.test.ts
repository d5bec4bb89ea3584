import { createFaultProxy } from '@rxsse/testing'
import { describe, expect, it, onTestFinished } from 'vitest'
import { seeded } from '../test/chaos.ts'
import { openClient, openNode } from '../test/cluster.ts'
import { eventually } from '../test/eventually.ts'
import { redisPath, startRedis } from '../test/redis.ts'

describe.skipIf(redisPath === undefined)('behind a network that fails for everybody', () => {
  it('330 clients are cut off all at once, six times: each has every event once, in order', {
    timeout: 180_000,
  }, async () => {
    const redis = await startRedis()
    onTestFinished(() => redis.close())
    const node = await openNode({ url: redis.url, key: 'storm' })
    const proxy = await createFaultProxy({ target: node.url })
    onTestFinished(() => proxy.close())
    const random = seeded(proxy.seed)
    const { id } = await node.sink.publish({ data: 'the first' })
    const clients = await Promise.all(
      Array.from({ length: 330 }, () => openClient(proxy.url, { lastEventId: id ?? '' })),
    )

    const published: string[] = []
    let over = false
    const publishing = (async () => {
      while (!over) {
        const data = `${published.length}`
        published.push(data)
        await node.sink.publish({ data })
        await new Promise((resolve) => setTimeout(resolve, 5))
      }
    })()
    for (let storm = 0; storm < 6; storm++) {
      if (storm % 3 === 2) {
        // Nobody is let in for a while, and then all come.
        await proxy.down()
        await new Promise((resolve) => setTimeout(resolve, 100 * random()))
        await proxy.up()
      } else proxy.drop(random() < 0.5 ? 'cut' : 'reset')
      const connections = node.sink.stats().opened
      await eventually(() => node.sink.stats().opened >= connections + 200 + 100 * random())
    }
    over = true
    await publishing

    await eventually(() => clients.every(({ events }) => events.length >= published.length))
    for (const client of clients) expect(client.data()).toEqual(published)
    expect(node.sink.stats().gaps).toBe(0)
    expect(node.sink.stats().opened).toBeGreaterThan(1_500)
  })

  it('slow readers are cut off, come back, and have every event once, in order', async () => {
    const redis = await startRedis()
    onTestFinished(() => redis.close())
    const node = await openNode(
      { url: redis.url, key: 'slow' },
      { slowClient: { policy: 'disconnect', maxMessages: 20 } },
    )
    const proxy = await createFaultProxy({
      target: node.url,
      // The first connection of each is too slow.
      plan: (index) =>
        index < 8 ? [{ kind: 'throttle', direction: 'to-client', bytesPerSecond: 1_500_000 }] : [],
    })
    onTestFinished(() => proxy.close())
    const { id } = await node.sink.publish({ data: 'the first' })
    const lastEventId = id ?? ''
    const fast = await openClient(node.url, { lastEventId })
    const slow = await Promise.all(Array.from({ length: 8 }, () => openClient(proxy.url, { lastEventId })))
    const published: string[] = []
    while (node.sink.stats().disconnected < slow.length) {
      published.push(`${published.length} ${'x'.repeat(64_000)}`)
      await node.sink.publish({ data: published.at(-1) })
    }
    await eventually(() => [fast, ...slow].every(({ events }) => events.length >= published.length))
    for (const client of [fast, ...slow]) expect(client.data()).toEqual(published)
    expect(node.sink.stats().gaps).toBe(0)
  })

  it('slow readers that are told what they missed have all the rest, in order', async () => {
    const redis = await startRedis()
    onTestFinished(() => redis.close())
    const node = await openNode({ url: redis.url, key: 'lagging' }, { slowClient: { maxMessages: 20 } })
    const proxy = await createFaultProxy({
      target: node.url,
      plan: () => [{ kind: 'throttle', direction: 'to-client', bytesPerSecond: 2_000_000 }],
    })
    onTestFinished(() => proxy.close())
    const slow = await Promise.all(Array.from({ length: 4 }, () => openClient(proxy.url)))
    let count = 0
    while (count < 100 || node.sink.stats().skipped === 0) {
      await node.sink.publish({ data: `${count++} ${'x'.repeat(64_000)}` })
    }
    await node.sink.publish({ data: 'the end' })
    await eventually(() => slow.every((client) => client.data().at(-1) === 'the end'))
    for (const { events } of slow) {
      let expected = 0
      for (const { type, data } of events) {
        if (type === 'lagged') expected += JSON.parse(data).skipped
        else if (data !== 'the end') expect(Number.parseInt(data, 10)).toBe(expected++)
      }
      expect(expected).toBe(count)
    }
  })
})
