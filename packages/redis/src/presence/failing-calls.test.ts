import { setTimeout as sleep } from 'node:timers/promises'
import { createClient } from 'redis'
import { describe, expect, it } from 'vitest'
import { redisPath } from '../../test/redis.ts'
import { setUpAdmin, setUpPresence, setUpRedis } from '../../test/set-up.ts'

describe.skipIf(redisPath === undefined)('a call to presence', () => {
  it('fails at once if Redis refuses to count, with the answer of Redis as the cause', async () => {
    const redis = await setUpRedis()
    const admin = await setUpAdmin(redis)
    await admin.set('{rxsse}:nodes', 'something else')
    const errors: unknown[] = []
    const presence = setUpPresence({ url: redis.url, onError: (error) => errors.push(error) })
    await expect(presence.count()).rejects.toMatchObject({
      name: 'RedisError',
      code: 'refused',
      cause: expect.objectContaining({ message: expect.stringContaining('WRONGTYPE') }),
    })
    await expect.poll(() => errors.length).toBeGreaterThan(0)
    expect(String(errors[0])).toContain('WRONGTYPE')
  })

  it('after close rejects if it counts, and uses only local counts if it takes a permit', async () => {
    const redis = await setUpRedis()
    const presence = setUpPresence({ url: redis.url, timeout: 300 })
    expect(await presence.take('u', 2)).toBeDefined()
    redis.pause()
    const closed = presence.close()
    expect(presence.close()).toBe(closed)
    await expect(presence.count()).rejects.toMatchObject({ code: 'closed' })
    expect(await presence.take('u', 2)).toBeDefined()
    expect(await presence.take('u', 2)).toBeUndefined()
    await closed
    redis.resume()
  })

  it('that waits for Redis ends when the presence is closed', async () => {
    const redis = await setUpRedis()
    const client = createClient({ url: redis.url, socket: { reconnectStrategy: () => 5 } })
    const presence = setUpPresence({ client, timeout: '60s' })
    await presence.count()
    await redis.stop('SIGKILL')
    // Their delays have grown, so close() reaches Redis before them.
    const counting = Array.from({ length: 20 }, () => presence.count().catch(({ code }) => code))
    await sleep(1_000)
    await redis.start()
    await presence.close()
    const outcomes = new Set(await Promise.all(counting))
    expect(outcomes).toContain('closed')
    expect([...outcomes].filter((each) => each !== 'closed' && each !== 0)).toEqual([])
  })

  it('that timed out does not get a later answer of Redis', async () => {
    const redis = await setUpRedis()
    const presence = setUpPresence({ url: redis.url, timeout: 200 })
    await presence.count()
    redis.pause()
    await expect(presence.count()).rejects.toMatchObject({ code: 'timeout' })
    redis.resume()
    expect(await setUpPresence({ url: redis.url }).count()).toBe(0)
    expect(await presence.count()).toBe(0)
  })

  it('takes a permit again after a lost connection, and a permit released meanwhile is free', async () => {
    const redis = await setUpRedis()
    const presence = setUpPresence({ url: redis.url, timeout: '60s' })
    const users = Array.from({ length: 10 }, (_, n) => `${n}`)
    const first = await Promise.all(users.map((user) => presence.take(user, 2)))
    redis.pause()
    const second = users.map((user) => presence.take(user, 2))
    for (const place of first) place?.release()
    await redis.stop('SIGKILL')
    await redis.start()
    expect(await Promise.all(second)).not.toContain(undefined)
    const other = setUpPresence({ url: redis.url, timeout: '60s' })
    for (const user of users) {
      await expect.poll(() => other.take(user, 2)).toBeDefined()
      expect(await other.take(user, 2)).toBeUndefined()
    }
  })
})
