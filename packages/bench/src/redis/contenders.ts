import { redisLog } from '@rxsse/redis'
import { memoryLog } from '@rxsse/server'
import { startRedisServer } from '@rxsse/testing/programs'
import type { Suite } from '../harness/suite.ts'
import { type Broadcaster, sinkHandler } from '../server/contenders.ts'
import { fanOut } from '../server/fan-out.ts'

/** A node that publishes what it delivers: it pays for writing to Redis and for reading from it. */
export function contenders(eventsATick: number): Pick<Suite, 'contenders' | 'targets'> {
  return {
    contenders: [
      fanOut('redisLog', eventsATick, onRedis),
      fanOut('memoryLog', eventsATick, inMemory),
      fanOut('without a log', eventsATick, sinkHandler),
    ],
    targets: [{ contender: 'redisLog', against: 'memoryLog', atMost: 1.1 }],
  }
}

async function inMemory(): Promise<Broadcaster> {
  return sinkHandler({ log: memoryLog() })
}

async function onRedis(): Promise<Broadcaster> {
  const { url } = await startRedisServer()
  const log = redisLog({ url })
  // It is there before the readers come, or they would miss the first events.
  await log.head()
  return sinkHandler({ log })
}
