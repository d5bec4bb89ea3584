import type { Clock } from '../connection/clock.ts'
import { CATCH_UP_BYTES, type Connection } from '../connection/connection.ts'
import type { Hub } from '../fan-out/hub.ts'
import type { CheckedLog } from '../log/checked-log.ts'
import { encodeGap } from '../log/encode-entry.ts'
import type { LogEntry, LogGap, LogPage } from '../log/event-log.ts'
import { encodeId } from '../wire/encode.ts'
import { EncodedEvent, EventFrame } from '../wire/frame.ts'
import type { ReplayQueue } from './replay-queue.ts'
import type { Sequencer } from './sequencer.ts'
import type { Audience, SharedPages } from './shared-pages.ts'

export interface ReplayHost {
  readonly hub: Hub
  readonly sequencer: Sequencer
  readonly log: CheckedLog
  readonly queue: ReplayQueue
  readonly pages: SharedPages
  readonly clock: Clock
  /** The bytes of a page. */
  readonly pageBytes: number
  /** The log could not be read. The connection has been cut, so its client reconnects. */
  onError(error: unknown): void
}

/** Where a replay begins, and for whom. */
export interface ReplayStart {
  /** An id, or an offset of the log. */
  readonly after: string | number
  /** The client has no id yet, so it needs one at the end. */
  readonly isNewcomer?: boolean
  /** The client has received nothing before, so it misses nothing that the log has deleted. */
  readonly hasNothing?: boolean
  /** The entries that the client wants. Default: all that it may see. */
  readonly wants?: (entry: LogEntry) => boolean
}

/**
 * Brings a connection from an id or an offset to live delivery. No event is lost or sent twice: the
 * client gets pages of the log, then the events that were delivered during the last read, then
 * joins its group. A connection that leaves in the middle leaves nothing behind.
 */
export function startReplay(connection: Connection, start: ReplayStart, host: ReplayHost): void {
  if (connection.isOpen) new Replay(connection, start, host).begin()
}

class Replay {
  readonly #connection: Connection
  readonly #start: ReplayStart
  readonly #host: ReplayHost
  readonly #audience: Audience
  #after: string | number
  /** The id that the client has come to. Undefined until that is known. */
  #lastId: string | undefined
  /** Half as much after a page that the client does not take at once, twice as much after others. */
  #pageBytes: number
  #pageGap: LogGap | undefined
  /** Delivered to others since the read of the current page began. Undefined if that is too much. */
  #delivered: Delivered[] | undefined = []
  #deliveredBytes = 0
  #reading = false
  /** The end of the log's last page, if delivery has not reached it yet. */
  #awaitedEnd: number | undefined
  #stopListening: () => void = () => {}
  #cancelStep: () => void = () => {}
  #endSharing: () => void = () => {}

  constructor(connection: Connection, start: ReplayStart, host: ReplayHost) {
    this.#connection = connection
    this.#start = start
    this.#host = host
    this.#after = start.after
    this.#lastId = typeof start.after === 'string' ? start.after : undefined
    this.#pageBytes = host.pageBytes
    this.#audience = {
      identity: start.wants ?? connection.group,
      sees: (entry) => this.#isSeen(entry),
    }
  }

  begin(): void {
    this.#connection.onClosed(() => this.#stop())
    this.#endSharing = this.#host.pages.begin()
    this.#stopListening = this.#host.sequencer.listen((delivered, event) => this.#hear(delivered, event))
    this.#connection.whenDrained(() => this.#readPage())
  }

  #readPage(): void {
    const { queue, pages } = this.#host
    if (this.#hasLeft()) return
    this.#cancelStep = queue.add<LogPage | undefined>({
      read: () => {
        if (this.#sendShared()) return undefined
        this.#delivered = []
        this.#deliveredBytes = 0
        this.#reading = true
        return pages.read(this.#after, { limit: PAGE_ENTRIES, maxBytes: this.#pageBytes })
      },
      use: (page) => page && this.#send(page),
      fail: (error) => this.#fail(error),
    })
  }

  /** Sends what others have read. Returns whether there was something. */
  #sendShared(): boolean {
    const { pages, pageBytes } = this.#host
    let after: number | undefined
    let taken = 0
    while (taken < pageBytes) {
      const piece = pages.find(after ?? this.#after, this.#audience)
      if (piece === undefined) break
      after = piece.end
      this.#lastId = piece.endId
      taken += piece.frame.bytes.length
      if (!this.#connection.replay(piece.frame)) break
    }
    if (after !== undefined) this.#continueAfter(after)
    return after !== undefined
  }

  #send(page: LogPage): void {
    if (this.#hasLeft()) return
    const { end, more, gap } = page
    if (gap !== undefined && !this.#tell(gap)) return
    const { pages } = this.#host
    let after = gap?.to.offset ?? this.#after
    let taken = 0
    for (;;) {
      const piece = pages.encode(page, after, this.#audience, taken === 0)
      after = typeof piece === 'number' ? piece : piece.end
      this.#lastId = (typeof piece === 'number' ? page.entries.at(-1)?.id : piece.endId) ?? this.#lastId
      if (typeof piece === 'number') break
      taken += piece.frame.bytes.length
      if (this.#connection.replay(piece.frame)) continue
      // The rest is read again later, so that it does not wait in memory.
      if (after >= end) break
      if (taken < this.#pageBytes / 2) this.#pageBytes = Math.max(this.#pageBytes / 2, CATCH_UP_BYTES)
      this.#continueAfter(after)
      return
    }
    this.#pageBytes = Math.min(this.#pageBytes * 2, this.#host.pageBytes)
    if (more || this.#delivered === undefined) this.#continueAfter(after)
    else if (this.#host.sequencer.hasReached(end)) this.#join(end)
    else {
      // Another server wrote entries that have not been delivered here yet.
      this.#reading = false
      this.#awaitedEnd = end
    }
  }

  /** Tells the client of a gap. Returns whether it keeps up. If not, the replay continues later. */
  #tell(gap: LogGap): boolean {
    const { hasNothing, after } = this.#start
    this.#pageGap = gap
    // The log was asked by an offset, which says nothing to a client, and may belong to no id any more.
    const told = { ...gap, from: this.#lastId ?? gap.from }
    this.#lastId = gap.to.id
    if (hasNothing && this.#after === after) return true
    this.#host.hub.counters.gaps++
    if (this.#connection.replay(new EventFrame([encodeGap(told)]))) return true
    this.#continueAfter(gap.to.offset)
    return false
  }

  /** The client takes one page before the next is read. */
  #continueAfter(offset: number): void {
    this.#reading = false
    this.#delivered = []
    this.#after = offset
    this.#connection.whenDrained(() => this.#readPage())
  }

  #hear(delivered: LogEntry | LogGap, event: EncodedEvent | undefined): void {
    const isGap = 'reason' in delivered
    if (this.#reading && this.#delivered !== undefined) {
      this.#delivered.push({ delivered, event })
      this.#deliveredBytes += isGap ? 0 : delivered.message.data.length
      const tooMuch = this.#delivered.length > PAGE_ENTRIES || this.#deliveredBytes > this.#host.pageBytes
      if (tooMuch) this.#delivered = undefined
    }
    if (this.#awaitedEnd === undefined) return
    if ((isGap ? delivered.to.offset : delivered.offset) < this.#awaitedEnd) return
    this.#delivered = [...(this.#delivered ?? []), { delivered, event }]
    this.#join(this.#awaitedEnd)
  }

  #join(end: number): void {
    const missed: EncodedEvent[] = []
    for (const { delivered, event } of this.#delivered ?? []) {
      if (event === undefined) continue
      if ('reason' in delivered ? !this.#isNewGap(delivered, end) : !this.#isNewEntry(delivered, end))
        continue
      if ('reason' in delivered) this.#host.hub.counters.gaps++
      missed.push(event)
    }
    this.#delivered = []
    this.#stop()
    joinLive(this.#connection, missed, this.#start.isNewcomer ?? false, this.#host)
  }

  #isNewEntry(entry: LogEntry, end: number): boolean {
    return entry.offset > end && this.#isSeen(entry)
  }

  /** A gap may end exactly at `end`: the log has lost entries that the page still contained. */
  #isNewGap(gap: LogGap, end: number): boolean {
    return gap.to.offset >= end && gap.to.id !== this.#pageGap?.to.id
  }

  #isSeen(entry: LogEntry): boolean {
    const { message, target } = entry
    return (
      this.#host.sequencer.passes(message) &&
      this.#connection.group.sees(message.topic, target) &&
      (this.#start.wants?.(entry) ?? true)
    )
  }

  #hasLeft(): boolean {
    if (!this.#connection.isOpen) this.#stop()
    return !this.#connection.isOpen
  }

  #fail(error: unknown): void {
    this.#stop()
    this.#connection.end(undefined, 'cut')
    this.#host.onError(error)
  }

  #stop(): void {
    this.#stopListening()
    this.#cancelStep()
    this.#endSharing()
  }
}

/** Sends what was delivered meanwhile, then live events. A newcomer needs an id, too. */
export function joinLive(
  connection: Connection,
  missed: readonly EncodedEvent[],
  isNewcomer: boolean,
  { hub, sequencer }: Pick<ReplayHost, 'hub' | 'sequencer'>,
): void {
  connection.onClosed(undefined)
  // The members' events of this tick come first: this connection gets them here.
  hub.flush()
  for (const event of missed) connection.send(new EventFrame([event]))
  const { cursor } = sequencer
  if (isNewcomer && cursor !== undefined) {
    connection.send(new EventFrame([new EncodedEvent(`${encodeId(cursor)}\n`)]))
  }
  hub.join(connection)
}

interface Delivered {
  readonly delivered: LogEntry | LogGap
  readonly event: EncodedEvent | undefined
}

/** The most entries of a page. */
export const PAGE_ENTRIES = 256
