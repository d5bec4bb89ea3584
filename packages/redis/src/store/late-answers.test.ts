import { describe, expect, it, onTestFinished } from 'vitest'
import { startHoldingProxy } from '../../test/holding-proxy.ts'
import { redisPath } from '../../test/redis.ts'
import { setUpAdmin, setUpRedis } from '../../test/set-up.ts'
import { type RedisStore, type RedisStoreOptions, redisStore } from './redis-store.ts'

function setUpStore(options: RedisStoreOptions): RedisStore {
  const store = redisStore({ lease: '60s', onError: () => {}, ...options })
  onTestFinished(() => store.close())
  return store
}

describe.skipIf(redisPath === undefined)('what comes late', () => {
  it('a snapshot that reaches Redis after the next one is refused, and the store goes on', async () => {
    const redis = await setUpRedis()
    const admin = await setUpAdmin(redis)
    const proxy = await startHoldingProxy(redis.port)
    const store = setUpStore({ url: proxy.url, timeout: 500 })
    const save = (number: number) => store.save({ number, chunks: [new Uint8Array(10)] })
    await store.acquire().granted
    await save(1)
    proxy.hold('"number":2,')
    await expect(save(2)).rejects.toMatchObject({ code: 'timeout' })
    await proxy.cut()
    await save(3)
    await proxy.release()
    const headers = Object.values(await admin.hGetAll('{rxsse}:job:job:snapshots'))
    expect(headers.map((header) => JSON.parse(header).number).sort()).toEqual([1, 3])
    await save(4)
    await save(5)
    expect(await store.load()).toMatchObject({ number: 5 })
  })
})
