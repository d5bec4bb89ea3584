import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Target } from '@rxsse/server'
import { createCluster } from 'redis'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { CHILD_ENV } from '../../test/child-env.ts'
import { openClient, openNode } from '../../test/local-node.ts'
import { type Redis, redisPath, startRedis } from '../../test/redis.ts'
import { setUpAdmin, setUpPresence, setUpRedis } from '../../test/set-up.ts'
import { type RedisPresence, type RedisPresenceOptions, redisPresence } from './redis-presence.ts'

/** Waits until a count has the expected value. */
async function expectCount(presence: RedisPresence, of: Target, expected: number): Promise<void> {
  await expect.poll(() => presence.count(of)).toBe(expected)
}

const connections = (presence: RedisPresence, user: string, count: number) => {
  for (let n = 0; n < count; n++) presence.next({ type: 'opened', user, rooms: [] })
}

function startNode(redis: Redis, user: string, count: number, ttl: number) {
  const path = new URL('../../test/programs/presence-node.ts', import.meta.url).pathname
  const args = ['--disable-warning=ExperimentalWarning', path, redis.url, user, `${count}`, `${ttl}`]
  const child = spawn(process.execPath, args, { stdio: 'inherit', env: CHILD_ENV })
  onTestFinished(async () => {
    child.kill('SIGKILL')
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  })
  return child
}

describe.skipIf(redisPath === undefined)('presence on several nodes', () => {
  let redis: Redis
  let keys = 0

  beforeAll(async () => {
    redis = await startRedis()
  })
  afterAll(() => redis.close())

  it('counts the connections of all nodes: in all, of a user and in a room', async () => {
    const key = `presence-${++keys}`
    const presences = [setUpPresence({ url: redis.url, key }), setUpPresence({ url: redis.url, key })]
    const nodes = await Promise.all([openNode({ url: redis.url, key }), openNode({ url: redis.url, key })])
    nodes.forEach(({ sink }, n) => {
      const subscription = sink.connections$.subscribe(presences[n])
      onTestFinished(() => subscription.unsubscribe())
    })
    const [one = '', two = ''] = nodes.map(({ url }) => url)
    const clients = await Promise.all([
      openClient(`${one}?as=u&room=a`),
      openClient(`${two}?as=u&rooms=a,b,a`),
      openClient(`${two}?as=v`),
      openClient(one),
    ])
    for (const presence of presences) {
      await expectCount(presence, 'all', 4)
      await expectCount(presence, { user: 'u' }, 2)
      await expectCount(presence, { user: 'v' }, 1)
      await expectCount(presence, { room: 'a' }, 2)
      await expectCount(presence, { room: 'b' }, 1)
      expect(await presence.count({ user: 'nobody' })).toBe(0)
    }
    for (const client of clients) client.leave()
    for (const presence of presences) await expectCount(presence, 'all', 0)
  })

  it('limits the connections of a user over all nodes, and admits the next one when one has left', async () => {
    const key = `presence-${++keys}`
    const nodes = await Promise.all(
      [1, 2].map(() => {
        const across = setUpPresence({ url: redis.url, key })
        const limits = { connectionsPerKey: 3, across }
        return openNode({ url: redis.url, key }, { limits })
      }),
    )
    const [one, two] = nodes
    if (one === undefined || two === undefined) throw new Error('no nodes')
    const open = () => nodes.reduce((sum, { sink }) => sum + sink.stats().connections, 0)
    // Clients over the limit are told to retry later, which they do again and again.
    const clients = await Promise.all(
      Array.from({ length: 8 }, (_, n) => openClient(`${(n % 2 === 0 ? one : two).url}?as=u`)),
    )
    for (const client of clients.slice(0, 6)) {
      await expect.poll(open).toBe(3)
      for (let looks = 0; looks < 20; looks++) {
        expect(open()).toBeLessThanOrEqual(3)
        await sleep(5)
      }
      client.leave()
    }
    await openClient(`${one.url}?as=v`)
    await expect.poll(open).toBe(3)
  })

  it('gives a user exactly as many permits as the limit allows, under concurrent calls', async () => {
    const key = `presence-${++keys}`
    const nodes = Array.from({ length: 3 }, () => setUpPresence({ url: redis.url, key }))
    for (const node of nodes) await node.count()
    const most = 7
    const asked = await Promise.all(Array.from({ length: 60 }, (_, n) => nodes[n % 3]?.take('u', most)))
    const places = asked.filter((place) => place !== undefined)
    expect(places.length).toBeLessThanOrEqual(most)
    expect(places.length).toBeGreaterThan(0)
    // Later calls get the rest.
    while (places.length < most) {
      const place = await nodes[0]?.take('u', most)
      if (place !== undefined) places.push(place)
    }
    for (const node of nodes) expect(await node.take('u', most)).toBeUndefined()
    expect(await nodes[0]?.take('v', most)).toBeDefined()
    places[3]?.release()
    places[3]?.release()
    await expect.poll(() => nodes[1]?.take('u', most)).toBeDefined()
    expect(await nodes[2]?.take('u', most)).toBeUndefined()
  })

  it('drops the counts of a killed node after its ttl, and keeps those of a live node', async () => {
    const own = await setUpRedis()
    const presence = setUpPresence({ url: own.url, ttl: 1_500 })
    connections(presence, 'mine', 2)
    const node = startNode(own, 'theirs', 3, 1_500)
    await expectCount(presence, 'all', 5)
    node.kill('SIGKILL')
    await expectCount(presence, 'all', 2)
    await expectCount(presence, { user: 'theirs' }, 0)
    expect(await presence.count({ user: 'mine' })).toBe(2)
    const client = await setUpAdmin(own)
    // Its keys are gone too.
    await expect.poll(async () => (await client.keys('*')).length).toBe(2)
  })

  it('counts a node again that was paused for longer than its ttl', async () => {
    const own = await setUpRedis()
    const presence = setUpPresence({ url: own.url, ttl: 1_500 })
    const node = startNode(own, 'theirs', 3, 1_500)
    await expectCount(presence, 'all', 3)
    node.kill('SIGSTOP')
    await expectCount(presence, 'all', 0)
    node.kill('SIGCONT')
    await expectCount(presence, { user: 'theirs' }, 3)
  })

  it('drops the counts of a node at once when it closes', async () => {
    const key = `presence-${++keys}`
    const stays = setUpPresence({ url: redis.url, key })
    const leaves = setUpPresence({ url: redis.url, key })
    connections(leaves, 'u', 4)
    await expectCount(stays, 'all', 4)
    await leaves.close()
    expect(await stays.count()).toBe(0)
    await expect(leaves.count()).rejects.toMatchObject({ code: 'closed' })
    await leaves.close()
  })

  it('reports all counts again when Redis returns empty', async () => {
    const own = await setUpRedis()
    const nodes = [setUpPresence({ url: own.url, ttl: 1_500 }), setUpPresence({ url: own.url, ttl: 1_500 })]
    for (const [n, node] of nodes.entries()) connections(node, `user ${n}`, 1_500)
    for (const node of nodes) await expectCount(node, 'all', 3_000)
    await own.stop('SIGKILL')
    await own.start()
    for (const node of nodes) {
      await expectCount(node, 'all', 3_000)
      await expectCount(node, { user: 'user 1' }, 1_500)
    }
  })

  it('rejects counting in time while Redis is away, and limits each node by its own connections', async () => {
    const own = await setUpRedis()
    const errors: unknown[] = []
    const presence = setUpPresence({
      url: own.url,
      ttl: 1_500,
      timeout: 100,
      onError: (error) => errors.push(error),
    })
    const first = await presence.take('u', 2)
    expect(first).toBeDefined()
    connections(presence, 'u', 2)
    await own.stop('SIGKILL')
    await expect(presence.count()).rejects.toMatchObject({ name: 'RedisError', code: 'timeout' })
    expect(await presence.take('u', 2)).toBeDefined()
    expect(await presence.take('u', 2)).toBeUndefined()
    expect(errors.length).toBe(1)
    await own.start()
    const other = setUpPresence({ url: own.url, ttl: 1_500 })
    await expectCount(other, { user: 'u' }, 2)
    // The permits that were given meanwhile count.
    while ((await other.take('u', 3)) !== undefined) {}
    first?.release()
    await expect.poll(() => other.take('u', 3)).toBeDefined()
  })

  it('works on Redis Cluster: its keys share a slot', async () => {
    const own = await setUpRedis({ config: ['--cluster-enabled', 'yes', '--cluster-node-timeout', '2000'] })
    const admin = await setUpAdmin(own)
    await admin.sendCommand(['CLUSTER', 'ADDSLOTSRANGE', '0', '16383'])
    await expect.poll(() => admin.sendCommand(['CLUSTER', 'INFO'])).toContain('cluster_state:ok')
    const nodes = [1, 2].map(() =>
      setUpPresence({ client: createCluster({ rootNodes: [{ url: own.url }] }) }),
    )
    for (const node of nodes) connections(node, 'u', 2)
    for (const node of nodes) await expectCount(node, { user: 'u' }, 4)
    expect(await nodes[0]?.take('u', 1)).toBeDefined()
    expect(await nodes[1]?.take('u', 1)).toBeUndefined()
  })
})

it.each<[RedisPresenceOptions, RegExp]>([
  [{}, /redisPresence: url must be like .*, not undefined/],
  [{ url: 'http://u:secret@host' }, /redisPresence: url must be like .* \(the value is not shown/],
  [
    { url: 'redis://h', key: '{a}' },
    /redisPresence: key must be text without \{ and \}, not the string "\{a\}"/,
  ],
  [{ url: 'redis://h', ttl: 10 }, /redisPresence: ttl must be at least a second, not the number 10/],
  [
    { url: 'redis://h', ttl: 'soon' as never },
    /redisPresence: ttl must be a duration .*, not the string "soon"/,
  ],
  [{ url: 'redis://h', timeout: 0 }, /redisPresence: timeout must be a duration longer than zero/],
])('throws a TypeError for the wrong options %j', (options, text) => {
  expect(() => redisPresence(options)).toThrow(TypeError)
  expect(() => redisPresence(options)).toThrow(text)
})
