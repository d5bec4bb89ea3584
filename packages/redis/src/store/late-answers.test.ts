import { describe, expect, it, onTestFinished } from 'vitest'
import { startHoldingProxy } from '../../test/holding-proxy.ts'
import { redisPath } from '../../test/redis.ts'
import { setUpAdmin, setUpLog, setUpRedis } from '../../test/set-up.ts'
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

  it('the refusal of an old token leaves a newer lease alone', async () => {
    const redis = await setUpRedis()
    const proxy = await startHoldingProxy(redis.port)
    const store = setUpStore({ url: redis.url })
    const old = await store.acquire().granted
    const log = setUpLog({ url: proxy.url, fence: store })
    await log.append({ data: '0', topic: '' }, 'all')
    proxy.hold()
    const late = log.append({ data: '1', topic: '' }, 'all')
    await proxy.isHolding()
    await old.release()
    const lease = await store.acquire().granted
    const reasons: Error[] = []
    lease.onLost((reason) => reasons.push(reason))
    const { token } = store
    await proxy.release()
    await expect(late).rejects.toMatchObject({ code: 'lease-lost' })
    expect(reasons).toEqual([])
    expect(store.token).toBe(token)
  })
})
