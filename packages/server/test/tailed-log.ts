import type { EventLog, LogEntry, LogGap } from '../src/log/event-log.ts'
import { memoryLog } from '../src/log/memory-log.ts'

/** A log that nodes share. The test decides when its tail begins and what arrives. */
export interface TailedLog extends EventLog {
  /** Begins the tail. */
  start(): void
  /** Delivers everything appended since the last time to the tail. */
  deliver(gap?: LogGap): Promise<void>
  /** Delivers a gap alone. The entries up to its end never arrive. */
  lose(gap: LogGap): Promise<void>
}

export function createTailedLog(): TailedLog {
  const log = memoryLog()
  const listeners = new Set<(entries: readonly LogEntry[], gap?: LogGap) => void>()
  let delivered = 0
  let begin: () => void = () => {}
  const begun = new Promise<void>((resolve) => {
    begin = resolve
  })
  return {
    append: async (...args) => log.append(...args),
    since: async (...args) => log.since(...args),
    head: async () => log.head(),
    async tail(listen) {
      await begun
      const position = await log.head()
      delivered = position.offset
      listeners.add(listen)
      return { position, stop: () => void listeners.delete(listen) }
    },
    close: () => log.close(),
    start: () => begin(),
    async deliver(gap) {
      const { entries, end } = await log.since(delivered, { limit: 1_000 })
      delivered = end
      for (const listen of listeners) listen(entries, gap)
    },
    async lose(gap) {
      delivered = gap.to.offset
      for (const listen of listeners) listen([], gap)
    },
  }
}
