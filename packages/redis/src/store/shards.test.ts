import { setTimeout as sleep } from 'node:timers/promises'
import { createCluster } from 'redis'
import { describe, expect, it, onTestFinished } from 'vitest'
import { startNetworkSwitch } from '../../test/network-switch.ts'
import { createPatchedClient } from '../../test/patched-client.ts'
import { redisPath } from '../../test/redis.ts'
import { setUpAdmin, setUpLog, setUpRedis } from '../../test/set-up.ts'
import { SharedEvents, startSharedJob, waitForResults, waitUntilShared } from '../../test/shared-job.ts'
import { type RedisClient, redisStore } from '../index.ts'
import { leaveShardsScript } from '../scripts/script.ts'

describe.skipIf(redisPath === undefined)('the shards of a job on Redis', () => {
  it('are shared out among nodes only, whatever else is in their hash', async () => {
    const { url } = await setUpRedis()
    const admin = await setUpAdmin({ url })
    for (const value of ['garbage', '', '1 2', '1 2 x'])
      await admin.hSet('{rxsse}:job:job:nodes', `node:${value}`, value)
    const events = new SharedEvents()
    await waitUntilShared([startSharedJob(events, { url, count: 3 })], 3)
  })

  it('are shared out evenly by nodes that start at once, join and leave, and only as many move as have to', async () => {
    const { url } = await setUpRedis()
    const events = new SharedEvents()
    const start = () => startSharedJob(events, { url, count: 7 })
    const [one, two] = [start(), start()]
    await waitUntilShared([one, two], 7)
    events.send(100)
    const before = [one, two].map(({ indexes }) => indexes)
    const three = start()
    await waitUntilShared([one, two, three], 7)
    // Those of before keep what they have, apart from what the new one got.
    for (const [n, node] of [one, two].entries())
      expect(before[n]).toEqual(expect.arrayContaining(node.indexes))
    events.send(100)
    const [kept, own] = [two.indexes, three.indexes]
    await one.save()
    await one.leave()
    await waitUntilShared([two, three], 7)
    expect(two.indexes).toEqual(expect.arrayContaining(kept))
    expect(three.indexes).toEqual(expect.arrayContaining(own))
    events.send(100)
    await waitForResults(events, url)
    expect([one, two, three].flatMap(({ errors }) => errors)).toEqual([])
  })

  it('are those of some nodes only, if there are more nodes than shards', async () => {
    const { url } = await setUpRedis()
    const events = new SharedEvents()
    const nodes = [1, 2, 3].map(() => startSharedJob(events, { url, count: 2 }))
    await waitUntilShared(nodes, 2)
    events.send(100)
    const [busy, ...others] = nodes.toSorted((a, b) => b.indexes.length - a.indexes.length)
    await busy?.leave()
    await waitUntilShared(others, 2)
    events.send(100)
    await waitForResults(events, url)
  })

  it('are handed over after a last snapshot, long before the lease ends', async () => {
    const { url } = await setUpRedis()
    const events = new SharedEvents()
    const one = startSharedJob(events, { url, lease: '60s' })
    await waitUntilShared([one])
    events.send(200)
    await expect.poll(() => one.status.pending).toBe(0)
    const two = startSharedJob(events, { url, lease: '60s' })
    await waitUntilShared([one, two])
    expect(two.began.map((text) => text.replace(/^\d /, ''))).toEqual(Array(3).fill('after 200'))
    // A node that leaves in order does so too.
    events.send(10)
    await two.save()
    await two.leave()
    await waitUntilShared([one])
    expect(one.began.slice(6).map((text) => text.replace(/^\d /, ''))).toEqual(Array(3).fill('after 210'))
    await waitForResults(events, url)
    // Also if nobody has released anything in this Redis before, which then takes longer than leaving.
    const admin = await setUpAdmin({ url })
    await admin.scriptFlush()
    await admin.scriptLoad(leaveShardsScript.text)
    await one.leave()
    expect(await admin.keys('*:lease')).toEqual([])
  })

  it('go to another node if one loses its leases while a snapshot is pending, and the late save is refused', async () => {
    const redis = await setUpRedis()
    const network = await startNetworkSwitch(redis.port)
    const url = `redis://127.0.0.1:${network.port}`
    const events = new SharedEvents()
    const one = startSharedJob(events, { url, logUrl: redis.url })
    await waitUntilShared([one])
    events.send(100)
    await one.save()
    network.freeze()
    events.send(100)
    const late = one.save()
    const two = startSharedJob(events, { url: redis.url })
    await waitUntilShared([two])
    // Its shards are gone, so there is nothing that could not be saved.
    expect(await late).toMatchObject({ number: 0 })
    expect(one.indexes).toEqual([])
    expect(two.began).toEqual(expect.arrayContaining(['0 after 100', '5 after 100']))
    network.heal()
    await waitUntilShared([one, two])
    events.send(100)
    await waitForResults(events, redis.url)
    expect(one.errors).toEqual([])
    await network.close()
  })

  it('go on if Redis is restarted, with its data and without', async () => {
    const redis = await setUpRedis({ durable: true })
    const events = new SharedEvents()
    const nodes = [1, 2].map(() => startSharedJob(events, { url: redis.url }))
    await waitUntilShared(nodes)
    events.send(100)
    await Promise.all(nodes.map((node) => node.save()))
    await redis.stop('SIGKILL')
    events.send(50)
    await redis.start()
    await waitUntilShared(nodes)
    await waitForResults(events, redis.url)

    await redis.stop('SIGKILL')
    redis.erase()
    await redis.start()
    await waitUntilShared(nodes)
    // The log is empty too, so the job begins anew.
    await waitForResults(events, redis.url)
    expect(nodes.flatMap(({ errors }) => errors)).toEqual([])
  })

  it('are refused by a node that has another number of them', async () => {
    const { url } = await setUpRedis()
    const events = new SharedEvents()
    const one = startSharedJob(events, { url })
    await waitUntilShared([one])
    const other = startSharedJob(events, { url, count: 4 })
    await expect.poll(() => other.errors).toHaveLength(1)
    expect(String(other.errors[0])).toContain('this job has 6 shards, and 4 here')
    expect(other.status.phase).toBe('failed')
    expect(() => one.store.shard(0, 4)).toThrow('redisStore: shard: count must be 6, as before')
    expect(() => one.store.shard(6, 6)).toThrow('redisStore: shard: index must be a whole number below 6')
    expect(one.indexes).toHaveLength(6)
  })

  it('are refused to a job that runs without shards, and the other way round', async () => {
    const { url } = await setUpRedis()
    const [whole, late] = [redisStore({ url, job: 'whole' }), redisStore({ url, job: 'split' })]
    onTestFinished(() => Promise.all([whole.close(), late.close()]).then(() => {}))
    await whole.acquire().granted
    const shards = startSharedJob(new SharedEvents(), { url, job: 'whole' })
    await expect
      .poll(() => shards.errors.map(String))
      .toEqual([expect.stringContaining('no shards, and 6 here')])
    const split = startSharedJob(new SharedEvents(), { url, job: 'split' })
    await waitUntilShared([split])
    await expect(late.acquire().granted).rejects.toThrow('this job has 6 shards, and none here')
    expect(whole.token).toBeDefined()
  })

  it('are given again to a node that did not get the answer, and not kept from others by a node of the future', async () => {
    const { url } = await setUpRedis()
    const admin = await setUpAdmin({ url })
    // The clock was set back by an hour: this node has been there before.
    await admin.hSet('{rxsse}:job:job:nodes', 'node:dead', `1 ${(Date.now() + 3_600_000) * 1_000} 500`)
    let isFirst = true
    const client = createPatchedClient(url, (connection) => {
      // The first call of a script sends its text.
      const run = connection.eval.bind(connection)
      connection.eval = async (text, args) => {
        const answer = await run(text, args)
        if (!args.keys[0]?.endsWith(':nodes') || !isFirst) return answer
        isFirst = false
        throw new Error('the connection was lost')
      }
    })
    const events = new SharedEvents()
    const one = startSharedJob(events, { client, logUrl: url, lease: '60s' })
    await waitUntilShared([one])
    expect(isFirst).toBe(false)
  })

  it('each have a fence in the log, also if messages of several are appended together', async () => {
    const { url } = await setUpRedis()
    const events = new SharedEvents()
    // Long enough that only the log finds out.
    const node = startSharedJob(events, { url, lease: '60s' })
    await waitUntilShared([node])
    const admin = await setUpAdmin({ url })
    await admin.set('{rxsse}:shard:1:job:fence', '9999999999999999-other')
    const log = setUpLog({ url, fence: node.store })
    const append = (id: string) => log.append({ data: id, topic: '' }, 'all', { sourceId: id })
    const results = await Promise.allSettled(['0/6|a', '1/6|a', '2/6|a', '1/6|b'].map(append))
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'rejected'])
    expect(results[1]).toMatchObject({ reason: { code: 'lease-lost', mayBeAppended: false } })
    const { entries } = await log.since(0, { limit: 10 })
    expect(entries.map(({ message }) => message.data)).toEqual(['0/6|a', '2/6|a'])
    for (const id of ['a', '1/5|a', '6/6|a'])
      await expect(append(id)).rejects.toThrow('redisLog: sourceId must be the id that shard.deliver gives')
    await expect(log.append({ data: '', topic: '' }, 'all')).rejects.toThrow('shard.deliver gives')
  })

  it('have their keys in one slot of a cluster', async () => {
    const redis = await setUpRedis({ config: ['--cluster-enabled', 'yes'] })
    const admin = await setUpAdmin(redis)
    await admin.sendCommand(['CLUSTER', 'ADDSLOTSRANGE', '0', '16383'])
    await expect.poll(() => admin.sendCommand(['CLUSTER', 'INFO'])).toContain('cluster_state:ok')
    const client: RedisClient = createCluster({ rootNodes: [{ url: redis.url }] })
    const events = new SharedEvents()
    const node = startSharedJob(events, { client, logUrl: redis.url })
    await waitUntilShared([node])
    events.send(40)
    await node.save()
    await node.leave()
    expect(await admin.hGetAll('{rxsse}:job:job:nodes')).toEqual({ count: '6' })
  })

  it('are asked for until they are there, from a Redis that starts later', async () => {
    const redis = await setUpRedis()
    await redis.stop()
    const events = new SharedEvents()
    const node = startSharedJob(events, { url: redis.url })
    await sleep(200)
    expect(node.status).toMatchObject({ phase: 'standing-by', shards: [] })
    await redis.start()
    await waitUntilShared([node])
    expect(node.errors).toEqual([])
  })
})
