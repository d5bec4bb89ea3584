import { setTimeout as sleep } from 'node:timers/promises'
import { createClient } from 'redis'
import { describe, expect, it, onTestFinished } from 'vitest'
import { alteredClient } from '../../test/altered-client.ts'
import { type Redis, redisPath, startRedis } from '../../test/redis.ts'
import { type RedisPresence, type RedisPresenceOptions, redisPresence } from './redis-presence.ts'

async function started() {
  const redis = await startRedis()
  onTestFinished(() => redis.close())
  const admin = createClient({ url: redis.url })
  onTestFinished(() => admin.destroy())
  await admin.connect()
  return { redis, admin }
}

function opened(redis: Redis, options: RedisPresenceOptions = {}): RedisPresence {
  const presence = redisPresence({ url: redis.url, ttl: 1_500, onError: () => {}, ...options })
  onTestFinished(() => presence.close())
  return presence
}

const open = (presence: RedisPresence) => presence.next({ type: 'opened', user: undefined, rooms: [] })

async function becomes(presence: RedisPresence, expected: number): Promise<void> {
  while ((await presence.count()) !== expected) await sleep(10)
}

describe.skipIf(redisPath === undefined)('what Redis has of the nodes', () => {
  it('counts none that is not heard of any more, and names it no longer', async () => {
    const { redis, admin } = await started()
    const presence = opened(redis)
    open(presence)
    await becomes(presence, 1)
    await admin.hSet('{rxsse}:node:dead', { all: 5 })
    await admin.zAdd('{rxsse}:nodes', { score: Date.now() - 1, value: 'dead' })
    expect(await presence.count()).toBe(1)
    while ((await admin.zCard('{rxsse}:nodes')) !== 1) await sleep(10)
    expect(await admin.zScore('{rxsse}:nodes', 'dead')).toBeNull()
  })

  it('does not count one that says it will live for longer than any does, as after the clock was set back', async () => {
    const { redis, admin } = await started()
    const presence = opened(redis)
    open(presence)
    await becomes(presence, 1)
    await admin.hSet('{rxsse}:node:ahead', { all: 5 })
    await admin.zAdd('{rxsse}:nodes', { score: Date.now() + 3_600_000, value: 'ahead' })
    expect(await presence.count()).toBe(1)
    await admin.zAdd('{rxsse}:nodes', { score: Date.now() + 1_000, value: 'ahead' })
    expect(await presence.count()).toBe(6)
  })

  it('is right again, for one that lives, soon after the clock was set back', async () => {
    const { redis, admin } = await started()
    const presence = opened(redis)
    open(presence)
    await becomes(presence, 1)
    const [node = ''] = await admin.zRange('{rxsse}:nodes', 0, -1)
    await admin.zAdd('{rxsse}:nodes', { score: Date.now() + 3_600_000, value: node })
    await becomes(presence, 1)
  })

  it('is nothing when all have died', async () => {
    const { redis, admin } = await started()
    const proxied = createClient({ url: redis.url })
    const presence = redisPresence({ client: proxied, ttl: 1_000, timeout: 1, onError: () => {} })
    onTestFinished(() => presence.close())
    open(presence)
    while ((await admin.keys('*')).length < 2) await sleep(10)
    // What is cut off from Redis is as good as dead to it.
    await admin.aclSetUser('default', ['-evalsha', '-eval'])
    while ((await admin.keys('*')).length > 0) await sleep(10)
  })

  it('is nothing of one that has left, although it was telling something just then', async () => {
    const { redis, admin } = await started()
    const slow = alteredClient(redis.url, (own) => {
      const evalSha = own.evalSha.bind(own)
      own.evalSha = async (...of) => {
        const answer = await evalSha(...of)
        await sleep(30)
        return answer
      }
    })
    for (let n = 0; n < 10; n++) {
      const presence = redisPresence({ client: slow, onError: () => {} })
      open(presence)
      await presence.close()
    }
    expect(await admin.keys('*')).toEqual([])
  })
})
