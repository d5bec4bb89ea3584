import type { Target } from '../sink/message.ts'
import type { AppendOptions, EventLog, LogEntry, LoggedMessage, LogPage, LogPosition } from './event-log.ts'
import { formatId, locate, newEpoch } from './id.ts'

export interface MemoryLogOptions {
  /** How many entries are kept; the oldest go first. Default 10,000. */
  readonly capacity?: number
  /**
   * Whose ids readers see: the log's own (`'epoch'`, the default), or each message's (`'message'`), which then
   * must be unique. A message without an id gets the log's.
   */
  readonly ids?: 'epoch' | 'message'
}

/**
 * A log in this process's memory: readers resume over their own reconnects, not over a restart of the server,
 * which they are told of as a gap of another epoch.
 */
export function memoryLog({ capacity = 10_000, ids = 'epoch' }: MemoryLogOptions = {}): EventLog {
  if (!Number.isSafeInteger(capacity) || capacity < 1) {
    throw new RangeError(`memoryLog: capacity is ${capacity}; it must be a whole number, 1 or more`)
  }
  const epoch = newEpoch()
  const ring: Held[] = []
  const byMessageId = new Map<string, LogEntry>()
  const bySourceId = new Map<string, LogEntry>()
  let first = 1
  let last = 0

  return {
    append(message: LoggedMessage, target: Target, { sourceId }: AppendOptions = {}): LogEntry {
      const known = sourceId === undefined ? undefined : bySourceId.get(sourceId)
      if (known !== undefined) return known
      if (last - first + 1 === capacity) forget(held(first++))
      const offset = ++last
      const own = ids === 'message' && message.id !== undefined && message.id !== ''
      const entry: LogEntry = { id: own ? message.id : formatId(epoch, offset), offset, message, target }
      ring[offset % capacity] = { entry, sourceId }
      if (own) byMessageId.set(entry.id, entry)
      if (sourceId !== undefined) bySourceId.set(sourceId, entry)
      return entry
    },

    since(after: string | number, limit: number): LogPage {
      const known = typeof after === 'string' ? byMessageId.get(after)?.offset : after
      const at =
        known === undefined
          ? locate(after as string, { epoch, first, last })
          : locate(formatId(epoch, known), { epoch, first, last })
      const entries: LogEntry[] = []
      for (let offset = at.after + 1; offset <= last && entries.length < limit; offset++) {
        entries.push(held(offset).entry)
      }
      const end = at.after + entries.length
      return { entries, end, more: end < last, gap: at.gap }
    },

    head(): LogPosition {
      return { id: last < first ? formatId(epoch, last) : held(last).entry.id, offset: last }
    },

    close() {},
  }

  /** An offset from `first` to `last`: their places in the ring are taken. */
  function held(offset: number): Held {
    return ring[offset % capacity] as Held
  }

  function forget({ entry, sourceId }: Held): void {
    // Another message may have come with the same id.
    if (byMessageId.get(entry.id) === entry) byMessageId.delete(entry.id)
    if (sourceId !== undefined) bySourceId.delete(sourceId)
  }
}

interface Held {
  readonly entry: LogEntry
  readonly sourceId: string | undefined
}
