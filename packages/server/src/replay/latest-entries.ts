import type { LogEntry } from '../log/event-log.ts'
import type { Viewer } from './latest-view.ts'

/** The latest entry of each key, for each topic and target: all that somebody may see as the latest. */
export class LatestEntries {
  /** By key, topic and target, in the order of their offsets. */
  readonly #entries = new Map<string, LogEntry>()
  #bytes = 0

  get bytes(): number {
    return this.#bytes
  }

  /** Call this in the order of the log. */
  set(key: string, entry: LogEntry): void {
    // JSON has no line break, so the slots of one key begin alike.
    const slot = `${JSON.stringify(key)}\n${JSON.stringify([entry.message.topic, entry.target])}`
    const before = this.#entries.get(slot)
    if (before !== undefined) this.#remove(slot, before)
    this.#entries.set(slot, entry)
    this.#bytes += weighEntry(entry)
  }

  /** The latest of each key that somebody sees, in the order of the log. */
  select(viewer: Viewer): LogEntry[] {
    const latest = new Map<string, LogEntry>()
    for (const [slot, entry] of this.#entries) {
      if (!viewer.sees(entry.message.topic, entry.target)) continue
      const key = slot.slice(0, slot.indexOf('\n'))
      latest.delete(key)
      latest.set(key, entry)
    }
    return [...latest.values()]
  }

  /** Removes the entries up to an offset. */
  prune(offset: number): void {
    for (const [slot, entry] of this.#entries) {
      if (entry.offset > offset) break
      this.#remove(slot, entry)
    }
  }

  clear(): void {
    this.#entries.clear()
    this.#bytes = 0
  }

  #remove(slot: string, entry: LogEntry): void {
    this.#entries.delete(slot)
    this.#bytes -= weighEntry(entry)
  }
}

/** About what an entry takes in memory besides its data. */
const ENTRY_BYTES = 400

export function weighEntry({ message }: LogEntry): number {
  return message.data.length + ENTRY_BYTES
}
