import { setTimeout as sleep } from 'node:timers/promises'
import { createClient } from 'redis'
import { describe, expect, it, onTestFinished } from 'vitest'
import { holdingProxy } from '../test/holding-proxy.ts'
import { redisPath, startRedis } from '../test/redis.ts'
import { redisPresence } from './presence/redis-presence.ts'
import { redisLog } from './redis-log.ts'

describe.skipIf(redisPath === undefined)(
  'what lay in the buffers of a lost connection, and arrives late',
  () => {
    it('is no second copy of messages that were sent again, also when later ones are there', async () => {
      const redis = await startRedis()
      onTestFinished(() => redis.close())
      const proxy = await holdingProxy(redis.port)
      const log = redisLog({ url: `redis://127.0.0.1:${proxy.port}`, timeout: '60s', onError: () => {} })
      onTestFinished(() => log.close())
      const append = (data: string) => log.append({ data, topic: '' }, 'all')
      const { id } = await log.head()
      await append('1')
      proxy.hold()
      const second = append('2')
      await proxy.cut()
      await second
      await append('3')
      await proxy.release()
      const { entries } = await log.since(id, 10)
      expect(entries.map(({ message }) => message.data)).toEqual(['1', '2', '3'])
    })

    it('does not take back what a node has told of its connections since', async () => {
      const redis = await startRedis()
      onTestFinished(() => redis.close())
      const proxy = await holdingProxy(redis.port)
      // Long enough for nothing else to be told meanwhile.
      const options = { ttl: '1d', timeout: '60s', onError: () => {} } as const
      const presence = redisPresence({ url: `redis://127.0.0.1:${proxy.port}`, ...options })
      onTestFinished(() => presence.close())
      const open = () => presence.next({ type: 'opened', user: undefined, rooms: [] })
      open()
      while ((await presence.count()) !== 1) await sleep(5)
      proxy.hold()
      open()
      await proxy.cut()
      open()
      while ((await presence.count()) !== 3) await sleep(5)
      await proxy.release()
      expect(await presence.count()).toBe(3)
    })

    it('a copy is known for an hour, and forgotten then', async () => {
      const redis = await startRedis()
      onTestFinished(() => redis.close())
      const log = redisLog({ url: redis.url, key: 'memo' })
      onTestFinished(() => log.close())
      await log.append({ data: '', topic: '' }, 'all')
      const admin = createClient({ url: redis.url })
      onTestFinished(() => admin.destroy())
      await admin.connect()
      const [memo = ''] = await admin.keys('{memo}:writer:*')
      const left = await admin.pTTL(memo)
      expect(left).toBeGreaterThan(3_000_000)
      expect(left).toBeLessThanOrEqual(3_600_000)
    })
  },
)
