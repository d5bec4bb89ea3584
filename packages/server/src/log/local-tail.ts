import type { LogEntry, LogPosition, LogTail, TailListener } from './event-log.ts'

/** The tail of a log that only this process appends to. */
export class LocalTail {
  readonly #listeners = new Set<TailListener>()
  /** Entries to deliver. Undefined if no delivery is running. */
  #pending: LogEntry[] | undefined

  listen(listener: TailListener, position: LogPosition): LogTail {
    this.#listeners.add(listener)
    return { position, stop: () => void this.#listeners.delete(listener) }
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
      for (const next of pending) for (const listener of this.#listeners) listener([next])
    } finally {
      this.#pending = undefined
    }
  }
}
