import { isPromise } from '@rxsse/shared'
import { endOfTick } from '../connection/clock.ts'
import type { Connection } from '../connection/connection.ts'
import type { Hub } from '../fan-out/hub.ts'
import { encodeEntry, encodeGap } from '../log/encode-entry.ts'
import type { EventLog, LogEntry, LogGap, LogPage } from '../log/event-log.ts'
import { type EncodedEvent, EventFrame } from '../wire/frame.ts'
import type { Sequencer } from './sequencer.ts'

export interface ResumeHost {
  readonly hub: Hub
  readonly sequencer: Sequencer
  readonly log: EventLog
  /** The log could not be read; the connection was ended, and its client will come back. */
  onError(error: unknown): void
}

/**
 * Brings a connection from an id its client has, or an offset, to the live stream, with no event missed or seen twice at the
 * seam: pages of the log until one ends it, then what went live while that page was read, then live.
 */
export function resume(connection: Connection, from: string | number, host: ResumeHost): void {
  const { hub, sequencer, log } = host
  let reading = false
  // What went live since the page being read was asked for.
  let meanwhile: (LogEntry | LogGap)[] = []
  let awaiting: number | undefined
  let told: LogGap | undefined
  const ignore = sequencer.listen((live) => {
    if (hasLeft()) return
    if (reading) meanwhile.push(live)
    if (awaiting !== undefined && offsetOf(live) >= awaiting) goLive(awaiting)
  })
  read(from)

  function read(after: string | number): void {
    if (hasLeft()) return
    meanwhile = []
    reading = true
    try {
      const page = log.since(after, PAGE)
      if (isPromise(page)) page.then(deliver, fail)
      else deliver(page)
    } catch (error) {
      fail(error)
    }
  }

  function deliver({ entries, end, more, gap }: LogPage): void {
    if (hasLeft()) return
    const events = entries.filter(isSeen).map(encodeEntry)
    if (gap !== undefined) {
      told = gap
      events.unshift(notice(gap))
    }
    if (events.length > 0) connection.send(new EventFrame(events))
    if (more || meanwhile.length > PAGE) {
      reading = false
      // The client takes a page before the next one is read: a log may be longer than memory.
      connection.whenDrained(() => endOfTick(() => read(end)))
    } else if (sequencer.hasReached(end)) goLive(end)
    // The page is ahead of what has gone live here (another node wrote it): wait for the seam to pass.
    else awaiting = end
  }

  function goLive(end: number): void {
    ignore()
    const events = meanwhile.flatMap((live) =>
      'reason' in live ? lostAfter(end, live) : seenAfter(end, live),
    )
    // First what this tick has gathered goes to the others: `meanwhile` has it for this connection.
    hub.flush()
    if (events.length > 0) connection.send(new EventFrame(events))
    hub.join(connection)
  }

  function seenAfter(end: number, entry: LogEntry): EncodedEvent[] {
    return entry.offset > end && isSeen(entry) ? [encodeEntry(entry)] : []
  }

  /** At the very end of the page, the log may have lost what the page still had. */
  function lostAfter(end: number, gap: LogGap): EncodedEvent[] {
    return gap.to.offset >= end && gap.to.id !== told?.to.id ? [notice(gap)] : []
  }

  function notice(gap: LogGap): EncodedEvent {
    hub.counters.gaps++
    return encodeGap(gap)
  }

  function hasLeft(): boolean {
    if (!connection.open) ignore()
    return !connection.open
  }

  function isSeen({ message, target }: LogEntry): boolean {
    return connection.audience.sees(message.topic, target)
  }

  function fail(error: unknown): void {
    ignore()
    connection.end()
    host.onError(error)
  }
}

const PAGE = 256

function offsetOf(live: LogEntry | LogGap): number {
  return 'reason' in live ? live.to.offset : live.offset
}
