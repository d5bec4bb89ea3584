import { setTimeout as sleep } from 'node:timers/promises'
import type { SseEvent } from '@rxsse/core'
import { describe, expect, it } from 'vitest'
import { openClient, openNode } from '../../test/local-node.ts'
import { redisPath } from '../../test/redis.ts'
import { setUpSentinels } from '../../test/sentinels.ts'
import { setUpAdmin, setUpRedis } from '../../test/set-up.ts'

/** A master, its replica and three sentinels. */
async function setUpPair() {
  const config = ['--repl-diskless-sync-delay', '0', '--repl-ping-replica-period', '1']
  const master = await setUpRedis({ config })
  const replica = await setUpRedis({ config: [...config, '--replicaof', '127.0.0.1', `${master.port}`] })
  const sentinels = await setUpSentinels(master.port, 3)
  await sentinels.know(1)
  const admin = await setUpAdmin(replica)
  await expect.poll(() => admin.info('replication')).toContain('master_link_status:up')
  return { master, replica, sentinels, admin }
}

describe.skipIf(redisPath === undefined)('with Redis Sentinel', () => {
  it('the master dies while nodes publish: what the replica has arrives once, and what it has not is told by a gap', async () => {
    const { master, replica, sentinels, admin } = await setUpPair()
    const nodes = await Promise.all(
      [0, 1].map(() => openNode({ client: sentinels.createClient(), timeout: '60s' })),
    )
    const clients = await Promise.all(nodes.map(({ url }) => openClient(url)))
    const confirmed: string[] = []
    let isOver = false
    const published = nodes.map(async ({ sink }, node) => {
      for (let n = 0; !isOver; n++) {
        const data = `${node}:${n}`
        await sink.publish({ data }, 'all', { sourceId: data })
        confirmed.push(data)
        await sleep(2)
      }
    })
    await expect.poll(() => confirmed.length).toBeGreaterThan(100)
    // The replica is cut off for a moment, so that the master confirms messages that only it has.
    replica.pause()
    await (await setUpAdmin(master)).sendCommand(['CLIENT', 'KILL', 'TYPE', 'replica'])
    const before = confirmed.length
    await expect.poll(() => confirmed.length).toBeGreaterThan(before + 50)
    await master.stop('SIGKILL')
    replica.resume()
    await expect.poll(() => sentinels.findMaster()).toBe(replica.port)
    const { length } = confirmed
    await expect.poll(() => confirmed.length).toBeGreaterThan(length + 100)
    isOver = true
    await Promise.all(published)
    const last = confirmed.at(-1)
    await expect.poll(() => clients.every((client) => client.data().includes(last ?? ''))).toBe(true)
    const held = Number(await admin.xLen('{rxsse}:events'))
    expect(held).toBeLessThan(confirmed.length)
    for (const { events } of clients) checkHistory(events, confirmed)
    // A client that resumes from a lost event is told as well.
    const [client] = clients
    const lost = client?.events[client.events.findIndex(({ type }) => type === 'gap') - 1]
    const resumed = await openClient(nodes[1]?.url ?? '', { lastEventId: lost?.lastEventId ?? '' })
    await expect.poll(() => resumed.data().at(-1)).toBe(client?.data().at(-1))
    expect(resumed.events[0]?.type).toBe('gap')
  })

  it('an operator changes the master while a node publishes: every message arrives once, or a gap tells of it', async () => {
    const { replica, sentinels } = await setUpPair()
    const node = await openNode({ client: sentinels.createClient(), timeout: '60s' })
    const client = await openClient(node.url)
    const confirmed: string[] = []
    const publish = async () => {
      const data = `0:${confirmed.length}`
      await node.sink.publish({ data }, 'all', { sourceId: data })
      confirmed.push(data)
    }
    while (confirmed.length < 50) await publish()
    await sentinels.failOver()
    while ((await sentinels.findMaster()) !== replica.port) await publish()
    const { length } = confirmed
    while (confirmed.length < length + 100) await publish()
    await expect.poll(() => client.data().at(-1)).toBe(confirmed.at(-1))
    checkHistory(client.events, confirmed)
  })
})

/** Every event comes once. Where some are missing, there is a gap. */
function checkHistory(events: readonly SseEvent[], confirmed: readonly string[]): void {
  const data = events.filter(({ type }) => type !== 'gap').map((event) => event.data)
  expect(new Set(data).size).toBe(data.length)
  const gaps = events.filter(({ type }) => type === 'gap').length
  const missing = confirmed.filter((each) => !data.includes(each))
  if (missing.length > 0) expect(gaps).toBeGreaterThan(0)
  for (const node of ['0', '1']) {
    let next = 0
    let sinceGap = true
    for (const event of events) {
      if (event.type === 'gap') sinceGap = true
      const [source, n] = event.data.split(':')
      if (event.type === 'gap' || source !== node) continue
      if (!sinceGap) expect(Number(n)).toBe(next)
      next = Number(n) + 1
      sinceGap = false
    }
  }
}
