import { isPromise } from '@rxsse/shared'
import type { Connection } from '../connection/connection.ts'
import { runAtEndOfTick } from '../connection/end-of-tick.ts'
import type { Hub } from '../fan-out/hub.ts'
import { encodeEntry, encodeGap } from '../log/encode-entry.ts'
import type { EventLog, LogEntry, LogGap, LogPage } from '../log/event-log.ts'
import { type EncodedEvent, EventFrame } from '../wire/frame.ts'
import type { Sequencer } from './sequencer.ts'

export interface ResumeHost {
  readonly hub: Hub
  readonly sequencer: Sequencer
  readonly log: EventLog
  /** The log could not be read. The connection has ended, so its client reconnects. */
  onError(error: unknown): void
}

/**
 * Brings a connection from an id or an offset to live delivery. No event is lost or sent twice: the
 * client gets pages of the log, then the events that were delivered during the last read, then
 * joins its group.
 */
export function resume(connection: Connection, from: string | number, host: ResumeHost): void {
  const { hub, sequencer, log } = host
  let reading = false
  // Delivered to others since the read of the current page began.
  let deliveredWhileReading: (LogEntry | LogGap)[] = []
  /** The end of the log's last page, if delivery has not reached it yet. */
  let awaitedEnd: number | undefined
  let pageGap: LogGap | undefined
  const stopListening = sequencer.listen((delivered) => {
    if (hasLeft()) return
    if (reading) deliveredWhileReading.push(delivered)
    if (awaitedEnd !== undefined && getOffset(delivered) >= awaitedEnd) join(awaitedEnd)
  })
  readPage(from)

  function readPage(after: string | number): void {
    if (hasLeft()) return
    deliveredWhileReading = []
    reading = true
    try {
      const page = log.since(after, PAGE_SIZE)
      if (isPromise(page)) page.then(sendPage, fail)
      else sendPage(page)
    } catch (error) {
      fail(error)
    }
  }

  function sendPage({ entries, end, more, gap }: LogPage): void {
    if (hasLeft()) return
    const events = entries.filter(isSeen).map(encodeEntry)
    if (gap !== undefined) {
      pageGap = gap
      events.unshift(encodeNotice(gap))
    }
    if (events.length > 0) connection.send(new EventFrame(events))
    if (more || deliveredWhileReading.length > PAGE_SIZE) {
      reading = false
      // The client takes one page before the next is read, because a log may exceed the memory.
      connection.whenDrained(() => runAtEndOfTick(() => readPage(end)))
    } else if (sequencer.hasReached(end)) join(end)
    // Another server wrote entries that have not been delivered here yet.
    else awaitedEnd = end
  }

  function join(end: number): void {
    stopListening()
    const events = deliveredWhileReading.flatMap((delivered) =>
      'reason' in delivered ? encodeGapAfter(end, delivered) : encodeEntryAfter(end, delivered),
    )
    // The members' events of this tick come first: this connection gets them from `events`.
    hub.flush()
    if (events.length > 0) connection.send(new EventFrame(events))
    hub.join(connection)
  }

  function encodeEntryAfter(end: number, entry: LogEntry): EncodedEvent[] {
    return entry.offset > end && isSeen(entry) ? [encodeEntry(entry)] : []
  }

  /** A gap may end exactly at `end`: the log has lost entries that the page still contained. */
  function encodeGapAfter(end: number, gap: LogGap): EncodedEvent[] {
    return gap.to.offset >= end && gap.to.id !== pageGap?.to.id ? [encodeNotice(gap)] : []
  }

  function encodeNotice(gap: LogGap): EncodedEvent {
    hub.counters.gaps++
    return encodeGap(gap)
  }

  function hasLeft(): boolean {
    if (!connection.isOpen) stopListening()
    return !connection.isOpen
  }

  function isSeen({ message, target }: LogEntry): boolean {
    return connection.group.sees(message.topic, target)
  }

  function fail(error: unknown): void {
    stopListening()
    connection.end()
    host.onError(error)
  }
}

const PAGE_SIZE = 256

function getOffset(delivered: LogEntry | LogGap): number {
  return 'reason' in delivered ? delivered.to.offset : delivered.offset
}
