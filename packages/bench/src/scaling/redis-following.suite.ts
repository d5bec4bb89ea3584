import { redisLog } from '@rxsse/redis'
import type { LogTail } from '@rxsse/server'
import { startRedisServer } from '@rxsse/testing/programs'
import { createClient } from 'redis'
import { startOtherSide } from '../harness/other-side.ts'
import type { Contender, Suite } from '../harness/suite.ts'
import type { NodesOrder } from './redis-nodes.ts'

export const suite: Suite = {
  title: 'Following a log in Redis',
  description:
    'What an event of some 220 bytes costs a node that follows it, and Redis with so many of them; it is published by another process, one at a time.',
  operation: 'event',
  operations: { full: 20_000, quick: 5_000, warmUp: 2_000 },
  contenders: [1, 2, 4, 8].map(following),
}

function following(nodes: number): Contender {
  return {
    name: nodes === 1 ? '1 node' : `${nodes} nodes`,
    async prepare() {
      const { url } = await startRedisServer()
      const redis = await createClient({ url }).connect()
      const others = await startOtherSide<'ready', NodesOrder, number>(
        new URL('./redis-nodes.js', import.meta.url),
        { url },
      )
      await others.ask({ follow: nodes - 1 })
      let seen = 0
      let reached: () => void = () => {}
      let wanted = 0
      const log = redisLog({ url, key: 'bench' })
      await (log.tail?.((entries) => {
        seen += entries.length
        if (seen >= wanted) reached()
      }) as Promise<LogTail>)
      return {
        async run(events) {
          const before = await cpuTime(redis)
          wanted = seen + events
          const all = new Promise<void>((resolve) => {
            reached = resolve
          })
          await others.ask({ publish: events })
          if (seen < wanted) await all
          return { 'CPU µs of Redis': ((await cpuTime(redis)) - before) / events }
        },
        async stop() {
          await log.close()
          await others.stop()
          redis.destroy()
        },
      }
    },
  }
}

/** The CPU time of Redis so far in microseconds, user and system. */
async function cpuTime(redis: { info(section: string): Promise<string> }): Promise<number> {
  const text = await redis.info('cpu')
  const seconds = (name: string) => Number(new RegExp(`^${name}:([\\d.]+)`, 'm').exec(text)?.[1])
  return (seconds('used_cpu_user') + seconds('used_cpu_sys')) * 1e6
}
