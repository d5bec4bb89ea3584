import { setTimeout as sleep } from 'node:timers/promises'
import { startOtherSide } from '../harness/other-side.ts'
import type { Contender } from '../harness/suite.ts'
import type { Broadcaster } from './contenders.ts'
import type { Answer, Question } from './readers.ts'

/** Opens idle connections. An operation is one connection. */
export function createIdle(
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
          const before = await measureMemory()
          for (let left = connections; left > 0; left -= GROUP_SIZE) {
            await readers.ask({ connect: broadcaster.url, connections: Math.min(GROUP_SIZE, left), gzip })
            globalThis.gc?.()
          }
          return { 'KiB a connection': ((await measureMemory()) - before) / connections / 1_024 }
        },
        stop: () => readers.stop(),
      }
    },
  }
}

/**
 * The number of connections between collections. Opening many at once grows V8's young generation by about 30 MiB, which
 * stay resident and would be counted as memory of the connections.
 */
const GROUP_SIZE = 100

/** The resident memory after collection. Finalizers and closing handles need turns of the event loop in between. */
async function measureMemory(): Promise<number> {
  for (let turn = 0; turn < 4; turn++) {
    globalThis.gc?.()
    await sleep(50)
  }
  return process.memoryUsage.rss()
}
