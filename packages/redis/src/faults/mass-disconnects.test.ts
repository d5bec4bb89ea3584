import { createFaultProxy } from '@rxsse/testing'
import { describe, expect, it, onTestFinished } from 'vitest'
import { openClient, openNode } from '../../test/local-node.ts'
import { redisPath } from '../../test/redis.ts'
import { createRandom } from '../../test/seeded-random.ts'
import { setUpRedis } from '../../test/set-up.ts'

describe.skipIf(redisPath === undefined)('behind a network that fails for all clients', () => {
  it('330 clients are disconnected at once, six times, and each gets every event once, in order', {
    timeout: 180_000,
  }, async () => {
    const redis = await setUpRedis()
    const node = await openNode({ url: redis.url, key: 'storm' })
    const proxy = await createFaultProxy({ target: node.url })
    onTestFinished(() => proxy.close())
    const random = createRandom(proxy.seed)
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
        // Connections are refused for a while, and then all clients reconnect.
        await proxy.down()
        await new Promise((resolve) => setTimeout(resolve, 100 * random()))
        await proxy.up()
      } else proxy.drop(random() < 0.5 ? 'cut' : 'reset')
      const connections = node.sink.stats().opened
      await expect.poll(() => node.sink.stats().opened >= connections + 200 + 100 * random()).toBe(true)
    }
    over = true
    await publishing

    await expect.poll(() => clients.every(({ events }) => events.length >= published.length)).toBe(true)
    for (const client of clients) expect(client.data()).toEqual(published)
    expect(node.sink.stats().gaps).toBe(0)
    expect(node.sink.stats().opened).toBeGreaterThan(1_500)
  })

  it('slow clients are disconnected, reconnect, and get every event once, in order', async () => {
    const redis = await setUpRedis()
    const node = await openNode(
      { url: redis.url, key: 'slow' },
      { slowClient: { policy: 'disconnect', maxMessages: 20 } },
    )
    const proxy = await createFaultProxy({
      target: node.url,
      // Only the first connection of each client is too slow.
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
    await expect
      .poll(() => [fast, ...slow].every(({ events }) => events.length >= published.length))
      .toBe(true)
    for (const client of [fast, ...slow]) expect(client.data()).toEqual(published)
    expect(node.sink.stats().gaps).toBe(0)
  })

  it('slow clients with the skip policy get all other events, in order', async () => {
    const redis = await setUpRedis()
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
    await expect.poll(() => slow.every((client) => client.data().at(-1) === 'the end')).toBe(true)
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
