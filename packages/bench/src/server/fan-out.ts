import { setImmediate as endOfTick, setTimeout as sleep } from 'node:timers/promises'
import { startOtherSide } from '../harness/other-side.ts'
import type { Contender } from '../harness/suite.ts'
import type { Broadcaster } from './contenders.ts'
import { priceMessage } from './messages.ts'
import type { Answer, Question } from './readers.ts'

export const connections = 1_000

/** For a quick look: as many as come in a fraction of a second. */
const few = 250

/** So long between ticks: readers are to keep up, as what is measured is sending, not the piling up of what is not read. */
const tick = 12

/** Sends events to a thousand readers in another process (to 250 for a quick look), `eventsATick` in each tick; an operation is one delivery to one of them. */
export function fanOut(
  name: string,
  eventsATick: number,
  start: () => Promise<Broadcaster>,
  { gzip = false }: { readonly gzip?: boolean } = {},
): Contender {
  return {
    name,
    async prepare(quick) {
      const howMany = quick ? few : connections
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
            const messages = Array.from({ length: eventsATick }, () => priceMessage(sent++))
            broadcaster.send(messages)
            // Whoever gathers a tick's events writes at its end: the pause begins after that for all alike.
            await endOfTick()
            await sleep(tick)
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
