import { endOfTick } from './clock.ts'
import type { Connection } from './connection/connection.ts'
import type { Hub } from './fan-out/hub.ts'
import type { EventLog, LogEntry, LogGap, LogPage } from './log/types.ts'
import { isPromise } from './maybe-promise.ts'
import { encodeEntry, type Timeline } from './timeline.ts'
import { encodeMessage } from './wire/encode.ts'
import { EncodedEvent, EventFrame } from './wire/frame.ts'

export interface ResumeHost {
  readonly hub: Hub
  readonly timeline: Timeline
  readonly log: EventLog
  /** The log could not be read; the connection was ended, and its client will come back. */
  onError(error: unknown): void
}

/**
 * Brings a connection from the id its client has to the live stream, with no event missed or seen twice at the
 * seam: pages of the log until one ends it, then what went live while that page was read, then live.
 */
export function resume(connection: Connection, lastEventId: string, host: ResumeHost): void {
  const { hub, timeline, log } = host
  hub.counters.resumed++
  let reading = false
  // What went live since the page being read was asked for.
  let meanwhile: LogEntry[] = []
  let awaiting: number | undefined
  const ignore = timeline.listen((entry) => {
    if (hasLeft()) return
    if (reading) meanwhile.push(entry)
    if (awaiting !== undefined && entry.offset >= awaiting) goLive(awaiting)
  })
  read(lastEventId)

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
      hub.counters.gaps++
      events.unshift(gapNotice(gap))
    }
    if (events.length > 0) connection.send(new EventFrame(events))
    if (more || meanwhile.length > PAGE) {
      reading = false
      // The client takes a page before the next one is read: a log may be longer than memory.
      connection.whenDrained(() => endOfTick(() => read(end)))
    } else if (timeline.hasReached(end)) goLive(end)
    // The page is ahead of what has gone live here (another node wrote it): wait for the seam to pass.
    else awaiting = end
  }

  function goLive(end: number): void {
    ignore()
    const events = meanwhile.filter((entry) => entry.offset > end && isSeen(entry)).map(encodeEntry)
    // First what this tick has gathered goes to the others: `meanwhile` has it for this connection.
    hub.flush()
    if (events.length > 0) connection.send(new EventFrame(events))
    hub.join(connection)
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

function gapNotice({ from, to, reason, missed }: LogGap): EncodedEvent {
  const data = JSON.stringify({ from, to: to.id, reason, missed })
  return new EncodedEvent(encodeMessage({ type: 'gap', data, id: to.id }))
}
