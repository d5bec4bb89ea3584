import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Target } from '@rxsse/server'
import { createClient, createCluster } from 'redis'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { openClient, openNode } from '../../test/cluster.ts'
import { type Redis, redisPath, startRedis } from '../../test/redis.ts'
import { type RedisPresence, type RedisPresenceOptions, redisPresence } from './redis-presence.ts'

function opened(options: RedisPresenceOptions): RedisPresence {
  const presence = redisPresence({ onError: () => {}, timeout: '30s', ...options })
  onTestFinished(() => presence.close())
  return presence
}

/** Resolves when a count is what it should be. */
async function becomes(presence: RedisPresence, of: Target, expected: number): Promise<void> {
  while ((await presence.count(of)) !== expected) await sleep(10)
}

const connections = (presence: RedisPresence, user: string, count: number) => {
  for (let n = 0; n < count; n++) presence.next({ type: 'opened', user, rooms: [] })
}

function startNode(redis: Redis, user: string, count: number, ttl: number) {
  const path = new URL('../../test/presence-node.ts', import.meta.url).pathname
  const args = ['--disable-warning=ExperimentalWarning', path, redis.url, user, `${count}`, `${ttl}`]
  const child = spawn(process.execPath, args, { stdio: 'inherit' })
  onTestFinished(async () => {
    child.kill('SIGKILL')
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  })
  return child
}

describe.skipIf(redisPath === undefined)('presence over several nodes', () => {
  let redis: Redis
  let keys = 0

  beforeAll(async () => {
    redis = await startRedis()
  })
  afterAll(() => redis.close())

  it('counts the connections of all nodes: in all, of a user, in a room', async () => {
    const key = `presence-${++keys}`
    const presences = [opened({ url: redis.url, key }), opened({ url: redis.url, key })]
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
      await becomes(presence, 'all', 4)
      await becomes(presence, { user: 'u' }, 2)
      await becomes(presence, { user: 'v' }, 1)
      await becomes(presence, { room: 'a' }, 2)
      await becomes(presence, { room: 'b' }, 1)
      expect(await presence.count({ user: 'nobody' })).toBe(0)
    }
    for (const client of clients) client.leave()
    for (const presence of presences) await becomes(presence, 'all', 0)
  })

  it('bounds what a user may open at all nodes together, and lets the next one in when one has left', async () => {
    const key = `presence-${++keys}`
    const nodes = await Promise.all(
      [1, 2].map(() => {
        const across = opened({ url: redis.url, key })
        const limits = { connectionsPerKey: 3, across }
        return openNode({ url: redis.url, key }, { limits })
      }),
    )
    const [one, two] = nodes
    if (one === undefined || two === undefined) throw new Error('no nodes')
    const open = () => nodes.reduce((sum, { sink }) => sum + sink.stats().connections, 0)
    // Those in excess are told to come back, which they do again and again.
    const clients = await Promise.all(
      Array.from({ length: 8 }, (_, n) => openClient(`${(n % 2 === 0 ? one : two).url}?as=u`)),
    )
    for (const client of clients.slice(0, 6)) {
      while (open() < 3) await sleep(5)
      for (let looks = 0; looks < 20; looks++) {
        expect(open()).toBeLessThanOrEqual(3)
        await sleep(5)
      }
      client.leave()
    }
    await openClient(`${one.url}?as=v`)
    while (open() !== 3) await sleep(5)
  })

  it('lets a user have exactly the places there are, however many ask at once', async () => {
    const key = `presence-${++keys}`
    const nodes = Array.from({ length: 3 }, () => opened({ url: redis.url, key }))
    for (const node of nodes) await node.count()
    const most = 7
    const asked = await Promise.all(Array.from({ length: 60 }, (_, n) => nodes[n % 3]?.take('u', most)))
    const places = asked.filter((place) => place !== undefined)
    expect(places.length).toBeLessThanOrEqual(most)
    expect(places.length).toBeGreaterThan(0)
    // One after another, they get what is left.
    while (places.length < most) {
      const place = await nodes[0]?.take('u', most)
      if (place !== undefined) places.push(place)
    }
    for (const node of nodes) expect(await node.take('u', most)).toBeUndefined()
    expect(await nodes[0]?.take('v', most)).toBeDefined()
    places[3]?.release()
    places[3]?.release()
    let again: unknown
    while (again === undefined) again = await nodes[1]?.take('u', most)
    expect(await nodes[2]?.take('u', most)).toBeUndefined()
  })

  it('forgets what a node had that was killed, after its ttl, and no sooner what one has that lives', async () => {
    const own = await startRedis()
    onTestFinished(() => own.close())
    const presence = opened({ url: own.url, ttl: 1_500 })
    connections(presence, 'mine', 2)
    const node = startNode(own, 'theirs', 3, 1_500)
    await becomes(presence, 'all', 5)
    node.kill('SIGKILL')
    await becomes(presence, 'all', 2)
    await becomes(presence, { user: 'theirs' }, 0)
    expect(await presence.count({ user: 'mine' })).toBe(2)
    const client = createClient({ url: own.url })
    onTestFinished(() => client.destroy())
    await client.connect()
    // Nothing is left of it.
    while ((await client.keys('*')).length > 2) await sleep(20)
  })

  it('a node that stood still for longer than its ttl counts again when it goes on', async () => {
    const own = await startRedis()
    onTestFinished(() => own.close())
    const presence = opened({ url: own.url, ttl: 1_500 })
    const node = startNode(own, 'theirs', 3, 1_500)
    await becomes(presence, 'all', 3)
    node.kill('SIGSTOP')
    await becomes(presence, 'all', 0)
    node.kill('SIGCONT')
    await becomes(presence, { user: 'theirs' }, 3)
  })

  it('a node that closes takes its share away at once', async () => {
    const key = `presence-${++keys}`
    const stays = opened({ url: redis.url, key })
    const leaves = opened({ url: redis.url, key })
    connections(leaves, 'u', 4)
    await becomes(stays, 'all', 4)
    await leaves.close()
    expect(await stays.count()).toBe(0)
    await expect(leaves.count()).rejects.toMatchObject({ code: 'closed' })
    await leaves.close()
  })

  it('everything is told again when Redis comes back empty', async () => {
    const own = await startRedis()
    onTestFinished(() => own.close())
    const nodes = [opened({ url: own.url, ttl: 1_500 }), opened({ url: own.url, ttl: 1_500 })]
    for (const [n, node] of nodes.entries()) connections(node, `user ${n}`, 1_500)
    for (const node of nodes) await becomes(node, 'all', 3_000)
    await own.stop('SIGKILL')
    await own.start()
    for (const node of nodes) {
      await becomes(node, 'all', 3_000)
      await becomes(node, { user: 'user 1' }, 1_500)
    }
  })

  it('while Redis is away counting is an error in time, and each node limits by what it has itself', async () => {
    const own = await startRedis()
    onTestFinished(() => own.close())
    const errors: unknown[] = []
    const presence = opened({
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
    const other = opened({ url: own.url, ttl: 1_500 })
    await becomes(other, { user: 'u' }, 2)
    // What was let in meanwhile counts.
    while ((await other.take('u', 3)) !== undefined) {}
    first?.release()
    while ((await other.take('u', 3)) === undefined) await sleep(10)
  })

  it('works on Redis Cluster: its keys share a slot', async () => {
    const own = await startRedis({ config: ['--cluster-enabled', 'yes', '--cluster-node-timeout', '2000'] })
    onTestFinished(() => own.close())
    const admin = createClient({ url: own.url })
    onTestFinished(() => admin.destroy())
    await admin.connect()
    await admin.sendCommand(['CLUSTER', 'ADDSLOTSRANGE', '0', '16383'])
    while (!String(await admin.sendCommand(['CLUSTER', 'INFO'])).includes('cluster_state:ok')) await sleep(10)
    const nodes = [1, 2].map(() => opened({ client: createCluster({ rootNodes: [{ url: own.url }] }) }))
    for (const node of nodes) connections(node, 'u', 2)
    for (const node of nodes) await becomes(node, { user: 'u' }, 4)
    expect(await nodes[0]?.take('u', 1)).toBeDefined()
    expect(await nodes[1]?.take('u', 1)).toBeUndefined()
  })
})

it.each<[RedisPresenceOptions, RegExp]>([
  [{}, /redisPresence: url is undefined/],
  [{ url: 'http://u:secret@host' }, /redisPresence: url cannot be read \(it is not shown/],
  [{ url: 'redis://h', key: '{a}' }, /redisPresence: key is "\{a\}"/],
  [{ url: 'redis://h', ttl: 10 }, /redisPresence: ttl is 10; it must be a second or more/],
  [{ url: 'redis://h', ttl: 'soon' as never }, /redisPresence: ttl is 'soon'/],
  [{ url: 'redis://h', timeout: 0 }, /redisPresence: timeout is 0/],
])('refuses %j', (options, text) => {
  expect(() => redisPresence(options)).toThrow(text)
})
