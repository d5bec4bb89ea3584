import { createOpenTail, type OpenTail } from '@rxsse/shared'
import type { LogEntry, LogPosition, LogTail, TailListener } from './event-log.ts'

/** The tail of a log that only this process appends to. */
export class LocalTail {
  readonly #listeners = new Map<OpenTail<LogPosition>, TailListener>()
  /** Entries to deliver. Undefined if no delivery is running. */
  #pending: LogEntry[] | undefined

  listen(listener: TailListener, position: LogPosition): LogTail {
    const tail = createOpenTail(position, () => this.#listeners.delete(tail))
    this.#listeners.set(tail, listener)
    return tail
  }

  /** A listener may append, too. Each listener gets all entries in the order of the log. */
  deliver(entry: LogEntry): void {
    if (this.#listeners.size === 0) return
    if (this.#pending !== undefined) {
      this.#pending.push(entry)
      return
    }
    const pending = [entry]
    this.#pending = pending
    try {
      for (const next of pending) for (const listener of this.#listeners.values()) listener([next])
    } finally {
      this.#pending = undefined
    }
  }

  /** The log is closed. Who listens all the same gets what is appended after that. */
  end(reason: Error): void {
    for (const tail of [...this.#listeners.keys()]) tail.end(reason)
  }
}
