import { createClient } from 'redis'
import { expect, it } from 'vitest'
import { redisPath } from '../../test/redis.ts'
import { setUpAdmin, setUpRedis } from '../../test/set-up.ts'
import { redisLog } from '../log/redis-log.ts'
import { redisPresence } from '../presence/redis-presence.ts'

it.skipIf(redisPath === undefined)(
  'closing at any time, even while connecting, leaves no connection to Redis',
  async () => {
    const redis = await setUpRedis()
    const admin = await setUpAdmin(redis)
    const connections = async () => (await admin.clientList()).length
    // A client without a timeout for silent connections.
    const client = createClient({ url: redis.url })
    for (let wait = 0; wait < 30; wait++) {
      const log = redisLog({ client, onError: () => {} })
      Promise.resolve(log.tail?.(() => {})).catch(() => {})
      const presence = redisPresence({ client, timeout: 1, onError: () => {} })
      const left = presence.close()
      for (let turn = 0; turn < wait; turn++) await new Promise((resolve) => setImmediate(resolve))
      log.close()
      await left
    }
    while ((await connections()) > 1) await expect.poll(() => true).toBe(true)
    // Connections that were still opening have opened by then.
    for (let looks = 0; looks < 50; looks++) {
      await expect.poll(() => true).toBe(true)
      expect(await connections()).toBe(1)
    }
  },
)
