import { requireInteger } from '@rxsse/shared'
import { ANY, checkOptions, type OptionChecks, oneOf } from '../http/check-options.ts'
import type { Target } from '../sink/message.ts'
import type {
  AppendOptions,
  EventLog,
  LogEntry,
  LoggedMessage,
  LogPage,
  LogPosition,
  PageBounds,
} from './event-log.ts'
import { createEpoch, findResumePoint, formatId } from './id.ts'
import { LocalTail } from './local-tail.ts'

export interface MemoryLogOptions {
  /** The number of entries to keep. The oldest are deleted first. Default 10,000. */
  readonly capacity?: number
  /**
   * Which ids clients see: the log's own (`'epoch'`, the default), or each message's (`'message'`),
   * which must then be unique. A message without an id gets the log's.
   */
  readonly ids?: 'epoch' | 'message'
}

/**
 * A log in the memory of this process. Clients resume after a lost connection, but not after a
 * restart of the server: that is a new epoch, and clients are told of a gap.
 */
export function memoryLog(options: MemoryLogOptions = {}): EventLog {
  const { capacity = 10_000, ids = 'epoch' } = checkOptions(options, CHECKS, 'memoryLog: ')
  requireInteger(capacity, 'memoryLog: capacity', 1)
  const epoch = createEpoch()
  const terms = [{ epoch, base: 0 }]
  const ring: StoredEntry[] = []
  const byMessageId = new Map<string, LogEntry>()
  const bySourceId = new Map<string, LogEntry>()
  const tail = new LocalTail()
  let first = 1
  let last = 0

  return {
    append(message: LoggedMessage, target: Target, { sourceId }: AppendOptions = {}): LogEntry {
      const known = sourceId === undefined ? undefined : bySourceId.get(sourceId)
      if (known !== undefined) return known
      if (last - first + 1 === capacity) removeFromIndexes(stored(first++))
      const offset = ++last
      const hasOwnId = ids === 'message' && message.id !== undefined && message.id !== ''
      const entry: LogEntry = { id: hasOwnId ? message.id : formatId(epoch, offset), offset, message, target }
      ring[offset % capacity] = { entry, sourceId }
      if (hasOwnId) byMessageId.set(entry.id, entry)
      if (sourceId !== undefined) bySourceId.set(sourceId, entry)
      tail.deliver(entry)
      return entry
    },

    since(from: string | number, { limit, maxBytes = Number.POSITIVE_INFINITY }: PageBounds): LogPage {
      const offset = typeof from === 'string' ? byMessageId.get(from)?.offset : from
      const id = offset === undefined ? (from as string) : formatId(epoch, offset)
      const { after, gap } = findResumePoint(id, { terms, first, last })
      const entries: LogEntry[] = []
      let bytes = 0
      let end = after
      while (end < last && entries.length < limit && bytes < maxBytes) {
        const { entry } = stored(++end)
        entries.push(entry)
        bytes += entry.message.data.length
      }
      return { entries, end, more: end < last, gap }
    },

    head,
    tail: (listener) => tail.listen(listener, head()),

    close() {
      tail.end(new Error('memoryLog: the log is closed'))
    },
  }

  function head(): LogPosition {
    return { id: last < first ? formatId(epoch, last) : stored(last).entry.id, offset: last }
  }

  /** `offset` must be from `first` to `last`. */
  function stored(offset: number): StoredEntry {
    return ring[offset % capacity] as StoredEntry
  }

  function removeFromIndexes({ entry, sourceId }: StoredEntry): void {
    // A later message may have the same id.
    if (byMessageId.get(entry.id) === entry) byMessageId.delete(entry.id)
    if (sourceId !== undefined) bySourceId.delete(sourceId)
  }
}

const CHECKS: OptionChecks<MemoryLogOptions> = { capacity: ANY, ids: oneOf('epoch', 'message') }

interface StoredEntry {
  readonly entry: LogEntry
  readonly sourceId: string | undefined
}
