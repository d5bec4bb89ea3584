import { setTimeout as sleep } from 'node:timers/promises'
import { createClient } from 'redis'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createPatchedClient } from '../../test/patched-client.ts'
import { type Redis, redisPath } from '../../test/redis.ts'
import { setUpAdmin, setUpPresence, setUpRedis } from '../../test/set-up.ts'
import { type RedisPresence, type RedisPresenceOptions, redisPresence } from './redis-presence.ts'

async function started() {
  const redis = await setUpRedis()
  const admin = await setUpAdmin(redis)
  return { redis, admin }
}

function opened(redis: Redis, options: RedisPresenceOptions = {}): RedisPresence {
  return setUpPresence({ url: redis.url, ttl: 1_500, ...options })
}

const open = (presence: RedisPresence) => presence.next({ type: 'opened', user: undefined, rooms: [] })

async function expectCount(presence: RedisPresence, expected: number): Promise<void> {
  await expect.poll(() => presence.count()).toBe(expected)
}

describe.skipIf(redisPath === undefined)('the counts of the nodes in Redis', () => {
  it('do not include a node that expired, which is removed', async () => {
    const { redis, admin } = await started()
    const presence = opened(redis)
    open(presence)
    await expectCount(presence, 1)
    await admin.hSet('{rxsse}:node:dead', { all: 5 })
    await admin.zAdd('{rxsse}:nodes', { score: Date.now() - 1, value: 'dead' })
    expect(await presence.count()).toBe(1)
    await expect.poll(() => admin.zCard('{rxsse}:nodes')).toBe(1)
    expect(await admin.zScore('{rxsse}:nodes', 'dead')).toBeNull()
  })

  it('do not include a node that expires too late, as after the clock was set back', async () => {
    const { redis, admin } = await started()
    const presence = opened(redis)
    open(presence)
    await expectCount(presence, 1)
    await admin.hSet('{rxsse}:node:ahead', { all: 5 })
    await admin.zAdd('{rxsse}:nodes', { score: Date.now() + 3_600_000, value: 'ahead' })
    expect(await presence.count()).toBe(1)
    await admin.zAdd('{rxsse}:nodes', { score: Date.now() + 1_000, value: 'ahead' })
    expect(await presence.count()).toBe(6)
  })

  it('include a live node again soon after the clock was set back', async () => {
    const { redis, admin } = await started()
    const presence = opened(redis)
    open(presence)
    await expectCount(presence, 1)
    const [node = ''] = await admin.zRange('{rxsse}:nodes', 0, -1)
    await admin.zAdd('{rxsse}:nodes', { score: Date.now() + 3_600_000, value: node })
    await expectCount(presence, 1)
  })

  it('are gone when all nodes have died', async () => {
    const { redis, admin } = await started()
    const proxied = createClient({ url: redis.url })
    const presence = redisPresence({ client: proxied, ttl: 1_000, timeout: 1, onError: () => {} })
    onTestFinished(() => presence.close())
    open(presence)
    await expect.poll(async () => (await admin.keys('*')).length).toBe(2)
    // For Redis, a node that cannot send commands is dead.
    await admin.aclSetUser('default', ['-evalsha', '-eval'])
    await expect.poll(async () => (await admin.keys('*')).length).toBe(0)
  })

  it('are gone for a node that closes during a report', async () => {
    const { redis, admin } = await started()
    const slow = createPatchedClient(redis.url, (own) => {
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
