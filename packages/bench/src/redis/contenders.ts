import { redisLog } from '@rxsse/redis'
import { memoryLog } from '@rxsse/server'
import { startRedisServer } from '@rxsse/testing/programs'
import type { Suite } from '../harness/suite.ts'
import { type Broadcaster, createSinkHandler } from '../server/contenders.ts'
import { createFanOut } from '../server/fan-out.ts'

/** A node that publishes the events it delivers, so it both writes to Redis and reads from it. */
export function createContenders(eventsPerTick: number): Pick<Suite, 'contenders' | 'targets'> {
  return {
    contenders: [
      createFanOut('redisLog', eventsPerTick, onRedis),
      createFanOut('memoryLog', eventsPerTick, inMemory),
      createFanOut('without a log', eventsPerTick, createSinkHandler),
    ],
    targets: [{ contender: 'redisLog', against: 'memoryLog', atMost: 1.1 }],
  }
}

async function inMemory(): Promise<Broadcaster> {
  return createSinkHandler({ log: memoryLog() })
}

async function onRedis(): Promise<Broadcaster> {
  const { url } = await startRedisServer()
  const log = redisLog({ url })
  // The log must be ready before the readers connect, or they would miss the first events.
  await log.head()
  return createSinkHandler({ log })
}
