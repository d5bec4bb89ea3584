import { redisLog } from '@rxsse/redis'
import type { EventLog, LogTail } from '@rxsse/server'
import { serveOtherSide } from '../harness/other-side.ts'
import { createPriceMessage } from '../server/messages.ts'

/** Publishes a number of events, each after the answer to the one before, or opens a number of nodes that follow. */
export type NodesOrder = { readonly publish: number } | { readonly follow: number }

const key = 'bench'

await serveOtherSide<{ url: string }, 'ready', NodesOrder, number>(async ({ url }) => {
  const logs: EventLog[] = []
  let sent = 0
  let log: EventLog | undefined
  return {
    ready: 'ready',
    async answer(order) {
      if ('follow' in order) {
        for (let n = 0; n < order.follow; n++) {
          const follower = redisLog({ url, key })
          logs.push(follower)
          await (follower.tail?.(() => {}) as Promise<LogTail>)
        }
        return logs.length
      }
      log ??= redisLog({ url, key })
      for (let left = order.publish; left > 0; left--) {
        const { type, data } = createPriceMessage(sent++)
        await log.append({ type, data: JSON.stringify(data), topic: type }, 'all')
      }
      return sent
    },
  }
})
