import type { Snapshot } from '@rxsse/shared'
import { type StoredPart, snapshotStoreLaws } from '@rxsse/testing'
import { createCluster } from 'redis'
import { asyncScheduler, type SchedulerAction, type SchedulerLike } from 'rxjs'
import { describe, expect, it, onTestFinished } from 'vitest'
import { redisPath } from '../../test/redis.ts'
import { setUpAdmin, setUpLog, setUpRedis } from '../../test/set-up.ts'
import { type RedisStore, type RedisStoreOptions, redisStore } from './redis-store.ts'

describe('redisStore', () => {
  it('tells at once that its options are wrong', () => {
    const url = 'redis://127.0.0.1'
    expect(() => redisStore({ url, lease: 999 })).toThrow('redisStore: lease must be at least a second')
    expect(() => redisStore({ url, lease: '3x' as '3s' })).toThrow('redisStore: lease must be a duration')
    expect(() => redisStore({ url, job: '' })).toThrow('redisStore: job must be text without { and }')
    expect(() => redisStore({ url, key: '{}' })).toThrow('redisStore: key must be text without { and }')
  })
})

describe.skipIf(redisPath === undefined)('redisStore', () => {
  const laws = snapshotStoreLaws({
    async createPlace() {
      const redis = await setUpRedis()
      const admin = await setUpAdmin(redis)
      const binary = admin.withTypeMapping({ 36: Buffer })
      return {
        async open() {
          const store = setUpStore({ url: redis.url })
          // A job has shards or not.
          const split = setUpStore({ url: redis.url, job: 'split' })
          await store.acquire().granted
          return {
            shard: (index: number, count: number) => split.shard(index, count),
            load: () => store.load(),
            save: (snapshot: Snapshot) => store.save(snapshot),
            close: () => Promise.all([store.close(), split.close()]).then(() => {}),
          }
        },
        async parts(number) {
          const headers = Object.entries(await admin.hGetAll(`${PREFIX}:snapshots`))
          const [id = ''] = headers.find(([, header]) => header.includes(`"number":${number},`)) ?? []
          const pieces = `${PREFIX}:snapshot:${id}`
          const fields: [key: string, field: string][] = [
            [`${PREFIX}:snapshots`, id],
            ...(await admin.hKeys(pieces)).map((n): [string, string] => [pieces, n]),
          ]
          return fields.map(
            ([key, field]): StoredPart => ({
              read: async () => new Uint8Array((await binary.hGet(key, field)) as unknown as Buffer),
              write: async (bytes) => void (await admin.hSet(key, field, Buffer.from(bytes))),
            }),
          )
        },
      }
    },
  })
  for (const { title, check } of laws) it(title, check)

  it('keeps jobs of different names apart, and the pieces of no old snapshot', async () => {
    const redis = await setUpRedis()
    const stores = ['one', 'two'].map((job) => setUpStore({ url: redis.url, job }))
    for (const [n, store] of stores.entries()) {
      await store.acquire().granted
      for (let number = 1; number <= 5; number++)
        await store.save({ number, chunks: [Uint8Array.of(n, number)] })
    }
    for (const [n, store] of stores.entries()) {
      expect(await store.load()).toEqual({
        number: 5,
        chunks: [Uint8Array.of(n, 5)].map((chunk) => Buffer.from(chunk)),
      })
    }
    const admin = await setUpAdmin(redis)
    expect((await admin.keys('{rxsse}:job:one:snapshot:*')).length).toBe(3)
  })

  it('asks again at once while its connection opens, not only when a lease may have ended', async () => {
    const redis = await setUpRedis()
    const delays: number[] = []
    const scheduler: SchedulerLike = {
      now: asyncScheduler.now,
      schedule<T>(work: (this: SchedulerAction<T>, state?: T) => void, delay = 0, state?: T) {
        delays.push(delay)
        return asyncScheduler.schedule(work, delay, state as T)
      },
    }
    const store = setUpStore({ url: redis.url, scheduler })
    await store.acquire().granted
    expect(delays[0]).toBeLessThanOrEqual(20)
  })

  it('works in a cluster, with a log of the same key', async () => {
    const redis = await setUpRedis({ config: ['--cluster-enabled', 'yes'] })
    const admin = await setUpAdmin(redis)
    await admin.sendCommand(['CLUSTER', 'ADDSLOTSRANGE', '0', '16383'])
    await expect.poll(() => admin.sendCommand(['CLUSTER', 'INFO'])).toContain('cluster_state:ok')
    const client = createCluster({ rootNodes: [{ url: redis.url }] })
    const store = setUpStore({ client, key: 'prices' })
    const log = setUpLog({ client, key: 'prices', fence: store })
    await store.acquire().granted
    await store.save({ number: 1, chunks: [new Uint8Array(600_000)] })
    await log.append({ data: '1', topic: '' }, 'all')
    expect(await store.load()).toMatchObject({ number: 1 })
  })

  it('leaves nothing of a save for which Redis has no room, and saves when there is room', async () => {
    const redis = await setUpRedis()
    const store = setUpStore({ url: redis.url })
    await store.acquire().granted
    await store.save({ number: 1, chunks: [new Uint8Array(10)] })
    const admin = await setUpAdmin(redis)
    const [, used = ''] = /used_memory:(\d+)/.exec(await admin.info('memory')) ?? []
    await admin.configSet('maxmemory', `${Number(used) + 4_000_000}`)
    const chunks = [new Uint8Array(20_000_000)]
    for (const number of [2, 3]) {
      await expect(store.save({ number, chunks })).rejects.toMatchObject({ code: 'refused' })
      expect(await admin.keys('*:snapshot:*')).toHaveLength(1)
    }
    expect(await store.load()).toMatchObject({ number: 1 })
    await store.save({ number: 4, chunks: [new Uint8Array(10)] })
    await admin.configSet('maxmemory', '0')
    await store.save({ number: 5, chunks })
    expect(await store.load()).toMatchObject({ number: 5 })
  })

  it('rejects with the error of Redis: a call that is refused, one that takes too long, and one without a connection', async () => {
    const redis = await setUpRedis()
    const store = setUpStore({ url: redis.url, timeout: 500 })
    await store.acquire().granted
    const admin = await setUpAdmin(redis)
    await admin.configSet('maxmemory', '1')
    const chunks = [new Uint8Array(10)]
    await expect(store.save({ number: 1, chunks })).rejects.toMatchObject({
      name: 'RedisError',
      code: 'refused',
    })
    await admin.configSet('maxmemory', '0')
    await store.save({ number: 1, chunks })
    await redis.stop()
    await expect(store.load()).rejects.toMatchObject({ name: 'RedisError', code: 'timeout' })
  })
})

const PREFIX = '{rxsse}:job:job'

function setUpStore(options: RedisStoreOptions): RedisStore {
  const store = redisStore({ timeout: '30s', onError: () => {}, ...options })
  onTestFinished(() => store.close())
  return store
}
