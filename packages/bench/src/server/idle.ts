import { setTimeout as sleep } from 'node:timers/promises'
import { startOtherSide } from '../harness/other-side.ts'
import type { Contender } from '../harness/suite.ts'
import type { Broadcaster } from './contenders.ts'
import type { Answer, Question } from './readers.ts'

/** Opens connections that nothing is sent on; an operation is one of them. */
export function idle(
  name: string,
  start: () => Promise<Broadcaster>,
  { gzip = false }: { readonly gzip?: boolean } = {},
): Contender {
  return {
    name,
    async prepare() {
      const broadcaster = await start()
      const readers = await startOtherSide<'ready', Question, Answer>(
        new URL('./readers.js', import.meta.url),
      )
      return {
        async run(connections) {
          const before = await settledMemory()
          for (let left = connections; left > 0; left -= group) {
            await readers.ask({ connect: broadcaster.url, connections: Math.min(group, left), gzip })
            globalThis.gc?.()
          }
          return { 'KiB a connection': ((await settledMemory()) - before) / connections / 1_024 }
        },
        stop: () => readers.stop(),
      }
    },
  }
}

/**
 * Connections between collections. What a rush of them makes V8 grow its young generation by stays resident when it is empty again:
 * some 30 MiB a process, which would be shared out among however many connections a measurement happens to have.
 */
const group = 100

/** What is resident when what can be collected has been; finalizers and handles that close need turns of the loop between. */
async function settledMemory(): Promise<number> {
  for (let turn = 0; turn < 4; turn++) {
    globalThis.gc?.()
    await sleep(50)
  }
  return process.memoryUsage.rss()
}
