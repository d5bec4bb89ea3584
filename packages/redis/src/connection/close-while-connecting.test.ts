import { createClient } from 'redis'
import { expect, it, onTestFinished } from 'vitest'
import { eventually } from '../test/eventually.ts'
import { redisPath, startRedis } from '../test/redis.ts'
import { redisPresence } from './presence/redis-presence.ts'
import { redisLog } from './redis-log.ts'

it.skipIf(redisPath === undefined)(
  'what is closed at any time, also while it connects, leaves no connection to Redis',
  async () => {
    const redis = await startRedis()
    onTestFinished(() => redis.close())
    const admin = createClient({ url: redis.url })
    onTestFinished(() => admin.destroy())
    await admin.connect()
    const connections = async () => (await admin.clientList()).length
    // One that gives up no connection by itself.
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
    while ((await connections()) > 1) await eventually(() => true)
    // Connections that were on their way have come by then.
    for (let looks = 0; looks < 50; looks++) {
      await eventually(() => true)
      expect(await connections()).toBe(1)
    }
  },
)
