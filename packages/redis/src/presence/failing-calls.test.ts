import { setTimeout as sleep } from 'node:timers/promises'
import { createClient } from 'redis'
import { describe, expect, it, onTestFinished } from 'vitest'
import { eventually } from '../../test/eventually.ts'
import { type Redis, redisPath, startRedis } from '../../test/redis.ts'
import { type RedisPresence, type RedisPresenceOptions, redisPresence } from './redis-presence.ts'

async function started(): Promise<Redis> {
  const redis = await startRedis()
  onTestFinished(() => redis.close())
  return redis
}

function opened(options: RedisPresenceOptions): RedisPresence {
  const presence = redisPresence({ onError: () => {}, ...options })
  onTestFinished(() => presence.close())
  return presence
}

describe.skipIf(redisPath === undefined)('a call to presence', () => {
  it('is an error at once where Redis refuses to count, with what it said', async () => {
    const redis = await started()
    const admin = createClient({ url: redis.url })
    onTestFinished(() => admin.destroy())
    await admin.connect()
    await admin.set('{rxsse}:nodes', 'something else')
    const errors: unknown[] = []
    const presence = opened({ url: redis.url, onError: (error) => errors.push(error) })
    await expect(presence.count()).rejects.toMatchObject({
      name: 'RedisError',
      code: 'refused',
      cause: expect.objectContaining({ message: expect.stringContaining('WRONGTYPE') }),
    })
    await eventually(() => errors.length > 0)
    expect(String(errors[0])).toContain('WRONGTYPE')
  })

  it('is over when the presence is closed: counting is an error, and places are limited by those of the node', async () => {
    const redis = await started()
    const presence = opened({ url: redis.url, timeout: 300 })
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

  it('that waits for Redis when the presence is closed is over with it', async () => {
    const redis = await started()
    const client = createClient({ url: redis.url, socket: { reconnectStrategy: () => 5 } })
    const presence = opened({ client, timeout: '60s' })
    await presence.count()
    await redis.stop('SIGKILL')
    // They ask more and more rarely, and so later than one that comes to close it.
    const counting = Array.from({ length: 20 }, () => presence.count().catch(({ code }) => code))
    await sleep(1_000)
    await redis.start()
    await presence.close()
    const outcomes = new Set(await Promise.all(counting))
    expect(outcomes).toContain('closed')
    expect([...outcomes].filter((each) => each !== 'closed' && each !== 0)).toEqual([])
  })

  it('that was given up is not told what Redis answers later', async () => {
    const redis = await started()
    const presence = opened({ url: redis.url, timeout: 200 })
    await presence.count()
    redis.pause()
    await expect(presence.count()).rejects.toMatchObject({ code: 'timeout' })
    redis.resume()
    expect(await opened({ url: redis.url }).count()).toBe(0)
    expect(await presence.count()).toBe(0)
  })

  it('asks again for a place when the connection was lost, and that of another released meanwhile is free', async () => {
    const redis = await started()
    const presence = opened({ url: redis.url, timeout: '60s' })
    const users = Array.from({ length: 10 }, (_, n) => `${n}`)
    const first = await Promise.all(users.map((user) => presence.take(user, 2)))
    redis.pause()
    const second = users.map((user) => presence.take(user, 2))
    for (const place of first) place?.release()
    await redis.stop('SIGKILL')
    await redis.start()
    expect(await Promise.all(second)).not.toContain(undefined)
    const other = opened({ url: redis.url, timeout: '60s' })
    for (const user of users) {
      while ((await other.take(user, 2)) === undefined) await eventually(() => true)
      expect(await other.take(user, 2)).toBeUndefined()
    }
  })
})
