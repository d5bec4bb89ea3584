import { setImmediate as turn } from 'node:timers/promises'
import type { EventLog, LogEntry } from '../src/log/event-log.ts'
import { memoryLog } from '../src/log/memory-log.ts'

/** A log whose answers take turns of the event loop, as one in another process does; `chance` says how many. */
export function remoteLog(chance: () => number): EventLog {
  const log = memoryLog()
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

/** The same, shared by several nodes: what goes live, and when, its tail says. */
export function sharedLog(chance: () => number): EventLog {
  const log = memoryLog()
  let listener: (entries: readonly LogEntry[]) => void = () => {}
  let told: Promise<unknown> = Promise.resolve()
  return {
    async append(...args) {
      const entry = await log.append(...args)
      told = told.then(() => turns(chance)).then(() => listener([entry]))
      await turns(chance)
      return entry
    },
    async since(...args) {
      await turns(chance)
      const page = log.since(...args)
      await turns(chance)
      return page
    },
    head: () => log.head(),
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
      await told
      await log.close()
    },
  }
}

async function turns(chance: () => number): Promise<void> {
  for (let left = Math.floor(chance() * 8); left > 0; left--) await turn()
}
