import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { setUpCluster } from '../../test/cluster.ts'
import { openClient, openNode } from '../../test/local-node.ts'
import { redisPath } from '../../test/redis.ts'

describe.skipIf(redisPath === undefined)('in a Redis Cluster of three masters', () => {
  it('slots move while nodes publish, and every client gets every message once, in one order, without a gap', async () => {
    const cluster = await setUpCluster()
    const nodes = await Promise.all(
      [0, 1].map(() => openNode({ client: cluster.createClient(), timeout: '60s' })),
    )
    const clients = await Promise.all(nodes.map(({ url }) => openClient(url)))
    const ids: string[] = []
    let isMoving = true
    const published = nodes.map(async ({ sink }, node) => {
      for (let n = 0; isMoving || n < 50; n++) {
        const data = `${node}:${n}`
        const { id } = await sink.publish({ data }, 'all', { sourceId: data })
        ids.push(`${id}`)
        await sleep(2)
      }
    })
    for (let move = 1; move <= 6; move++) {
      await sleep(100)
      const from = await cluster.findMaster('{rxsse}:events')
      await cluster.moveSlot('{rxsse}:events', (from + 1) % 3)
      expect(await cluster.findMaster('{rxsse}:events')).toBe((from + 1) % 3)
    }
    isMoving = false
    await Promise.all(published)
    const late = await openClient(nodes[0]?.url ?? '', { lastEventId: ids[0] ?? '' })
    await expect.poll(() => clients.map((client) => client.data().length)).toEqual([ids.length, ids.length])
    const [one, two] = clients.map((client) => client.events)
    expect(two).toEqual(one)
    expect(one?.map(({ type }) => type).filter((type) => type === 'gap')).toEqual([])
    expect(new Set(one?.map(({ data }) => data)).size).toBe(ids.length)
    for (const node of [0, 1]) {
      const own = one?.map(({ data }) => data).filter((data) => data.startsWith(`${node}:`))
      expect(own).toEqual(own?.map((_, n) => `${node}:${n}`))
    }
    const after = (one?.findIndex(({ lastEventId }) => lastEventId === ids[0]) ?? 0) + 1
    await expect.poll(() => late.events.length).toBe(ids.length - after)
    expect(late.events).toEqual(one?.slice(after))
  })
})
