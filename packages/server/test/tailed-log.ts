import type { EventLog, LogEntry, LogGap } from '../src/log/event-log.ts'
import { memoryLog } from '../src/log/memory-log.ts'

/** A log that nodes share, as slow to begin and as forgetful as a test has it. */
export interface TailedLog extends EventLog {
  /** Says where it stands. */
  start(): void
  /** Brings to the tail what has been appended since; what a test does not bring has not arrived. */
  bring(gap?: LogGap): Promise<void>
  /** Brings a gap alone; what was appended up to where it ends does not come. */
  lose(gap: LogGap): Promise<void>
}

export function tailedLog(): TailedLog {
  const log = memoryLog()
  const listeners = new Set<(entries: readonly LogEntry[], gap?: LogGap) => void>()
  let brought = 0
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
      brought = position.offset
      listeners.add(listen)
      return { position, stop: () => void listeners.delete(listen) }
    },
    close: () => log.close(),
    start: () => begin(),
    async bring(gap) {
      const { entries, end } = await log.since(brought, 1_000)
      brought = end
      for (const listen of listeners) listen(entries, gap)
    },
    async lose(gap) {
      brought = gap.to.offset
      for (const listen of listeners) listen([], gap)
    },
  }
}
