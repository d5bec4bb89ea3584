import { createClient } from 'redis'
import { expect, it } from 'vitest'
import { startHoldingProxy } from '../../test/holding-proxy.ts'
import { redisPath } from '../../test/redis.ts'
import { setUpLog, setUpRedis } from '../../test/set-up.ts'
import type { RedisLogOptions } from '../log/redis-log-options.ts'

const kinds: Record<string, (url: string) => RedisLogOptions> = {
  'of a url': (url) => ({ url }),
  'of a client that would wait for ever': (url) => ({ client: createClient({ url }) }),
}

it.skipIf(redisPath === undefined)(
  'a connection that goes silent is replaced, and every message is appended and delivered once',
  async () => {
    const redis = await setUpRedis()
    const run = async ([key, createOptions]: [string, (url: string) => RedisLogOptions]) => {
      const proxy = await startHoldingProxy(redis.port)
      const log = setUpLog({ key, ...createOptions(proxy.url) })
      const seen: string[] = []
      await log.tail?.((entries) => void seen.push(...entries.map(({ message }) => message.data)))
      await log.append({ data: '1', topic: '' }, 'all')
      await expect.poll(() => seen.length).toBe(1)
      // The connections stay open, but Redis gets nothing more.
      proxy.hold()
      await Promise.all(['2', '3'].map((data) => log.append({ data, topic: '' }, 'all')))
      await log.append({ data: '4', topic: '' }, 'all')
      await expect.poll(() => seen.length).toBeGreaterThanOrEqual(4)
      expect(seen).toEqual(['1', '2', '3', '4'])
    }
    await Promise.all(Object.entries(kinds).map(run))
  },
)
