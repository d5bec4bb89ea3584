import { setImmediate as endOfTick, setTimeout as sleep } from 'node:timers/promises'
import { startOtherSide } from '../harness/other-side.ts'
import type { Contender } from '../harness/suite.ts'
import type { Broadcaster } from './contenders.ts'
import { createPriceMessage } from './messages.ts'
import type { Answer, Question } from './readers.ts'

export const CONNECTIONS = 1_000

/** Connections of a quick run, which open in a fraction of a second. */
const QUICK_CONNECTIONS = 250

/** Milliseconds between ticks, so that the readers keep up: only sending is measured, not buffering. */
const TICK_MS = 12

/**
 * Sends `eventsPerTick` events in each tick to 1,000 readers in another process, or to 250 in a quick run. An operation
 * is one delivery to one reader.
 */
export function createFanOut(
  name: string,
  eventsPerTick: number,
  start: () => Promise<Broadcaster>,
  { gzip = false }: { readonly gzip?: boolean } = {},
): Contender {
  return {
    name,
    async prepare(quick) {
      const howMany = quick ? QUICK_CONNECTIONS : CONNECTIONS
      const broadcaster = await start()
      const readers = await startOtherSide<'ready', Question, Answer>(
        new URL('./readers.js', import.meta.url),
      )
      let { bytes: before } = await readers.ask({
        connect: broadcaster.url,
        connections: howMany,
        gzip,
      })
      let sent = 0
      return {
        async run(deliveries) {
          const until = sent + Math.round(deliveries / howMany)
          while (sent < until) {
            const messages = Array.from({ length: eventsPerTick }, () => createPriceMessage(sent++))
            broadcaster.send(messages)
            // Some servers write at the end of the tick, so the pause starts after it for all of them.
            await endOfTick()
            await sleep(TICK_MS)
          }
          const { bytes } = await readers.ask({ received: sent })
          const perDelivery = (bytes - before) / deliveries
          before = bytes
          return { 'bytes a delivery': perDelivery }
        },
        async stop() {
          await readers.stop()
          await broadcaster.stop?.()
        },
        ...(broadcaster.cpuUsage === undefined ? {} : { cpuUsage: broadcaster.cpuUsage }),
      }
    },
  }
}
