import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { createJob } from '@rxsse/operators'
import { concat, filter, firstValueFrom, NEVER, of } from 'rxjs'
import { describe, expect, it, onTestFinished } from 'vitest'
import { startNetworkSwitch } from '../../test/network-switch.ts'
import { redisPath } from '../../test/redis.ts'
import { setUpAdmin, setUpRedis } from '../../test/set-up.ts'
import { type RedisStore, redisStore } from './redis-store.ts'

setFlagsFromString('--expose-gc')
const collectGarbage: () => void = runInNewContext('gc')

function setUpStore(url: string): RedisStore {
  const store = redisStore({ url, lease: '60s', timeout: '30s', onError: () => {} })
  onTestFinished(() => store.close())
  return store
}

describe.skipIf(redisPath === undefined)('a node that shuts down', () => {
  it.each<[string, (store: RedisStore) => Promise<void>]>([
    ['a job that ends', endJob],
    ['a lease that is released', async (store) => void (await store.acquire().granted).release()],
    ['a request that Redis is about to grant', askForLease],
  ])('leaves no lease when it closes the store at once: %s', async (_, shutDown) => {
    const redis = await setUpRedis()
    const admin = await setUpAdmin(redis)
    const store = setUpStore(redis.url)
    // So the next call goes out at once.
    await store.load()
    await shutDown(store)
    await store.close()
    expect(await admin.exists('{rxsse}:job:job:lease')).toBe(0)
  })

  it('closes within its timeouts if Redis does not answer, also with shards', async () => {
    const redis = await setUpRedis()
    const network = await startNetworkSwitch(redis.port)
    onTestFinished(() => network.close())
    const url = `redis://127.0.0.1:${network.port}`
    const store = redisStore({ url, lease: '60s', timeout: 200, onError: () => {} })
    await store.shard(0, 2).acquire().granted
    network.freeze()
    const outcome = await Promise.race([store.close(), sleep(20_000, 'not closed')])
    expect(outcome).toBeUndefined()
  })

  it('keeps nothing of a request that was cancelled', async () => {
    const redis = await setUpRedis()
    const store = setUpStore(redis.url)
    await setUpStore(redis.url).acquire().granted
    const cancelled = () => {
      const request = store.acquire()
      request.cancel()
      return new WeakRef(request)
    }
    const request = cancelled()
    await expect
      .poll(() => {
        collectGarbage()
        return request.deref() === undefined
      })
      .toBe(true)
  })
})

async function askForLease(store: RedisStore): Promise<void> {
  // Redis then knows the script, so that one call is enough.
  await (await store.acquire().granted).release()
  store.acquire()
  // The client writes to its socket in a later turn.
  await nextTurn()
}

async function endJob(store: RedisStore): Promise<void> {
  const job = createJob({ store })
  const feed = () => concat(of({ type: 'message', data: '1', lastEventId: '1' }), NEVER)
  const subscription = job.feed('trades', feed).subscribe()
  await firstValueFrom(job.status.pipe(filter(({ phase }) => phase === 'running')))
  subscription.unsubscribe()
  await nextTurn()
}
