import { setImmediate as turn } from 'node:timers/promises'
import type { EventLog, LogEntry } from '../src/log/event-log.ts'
import { memoryLog } from '../src/log/memory-log.ts'

/** A log that takes turns of the event loop to answer, as a remote one. `chance` says how many. */
export function createRemoteLog(chance: () => number, log: EventLog = memoryLog()): EventLog {
  return {
    async append(...args) {
      const entry = log.append(...args)
      await turns(chance)
      return entry
    },
    async since(...args) {
      await turns(chance)
      const page = log.since(...args)
      await turns(chance)
      return page
    },
    async head() {
      await turns(chance)
      return log.head()
    },
    close: () => log.close(),
  }
}

/** A shared log. Entries reach its tail before or after `append` resolves. */
export function createSharedLog(chance: () => number): EventLog {
  const log = memoryLog()
  let listener: (entries: readonly LogEntry[]) => void = () => {}
  let delivered: Promise<unknown> = Promise.resolve()
  return {
    ...createRemoteLog(chance, log),
    async append(...args) {
      const entry = await log.append(...args)
      delivered = delivered.then(() => turns(chance)).then(() => listener([entry]))
      await turns(chance)
      return entry
    },
    async tail(entries) {
      const position = await log.head()
      listener = entries
      await turns(chance)
      return {
        position,
        stop() {
          listener = () => {}
        },
      }
    },
    async close() {
      await delivered
      await log.close()
    },
  }
}

async function turns(chance: () => number): Promise<void> {
  for (let left = Math.floor(chance() * 8); left > 0; left--) await turn()
}
