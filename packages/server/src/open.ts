import type { Answer } from './answer.ts'
import { acceptsGzip } from './compression/accepts-gzip.ts'
import type { Connection } from './connection/connection.ts'
import { type Admitted, streamAnswer } from './endpoint.ts'
import type { SseMessage } from './event.ts'
import type { Hub } from './fan-out/hub.ts'
import { encodeEntry, encodeGap } from './log/encode.ts'
import { lastEventIdOf } from './request.ts'
import { type ResumeHost, resume } from './resume.ts'
import type { Retry } from './retry.ts'
import type { Start, Timeline } from './timeline.ts'
import { queryFilter } from './topic.ts'
import { encodeComment, encodeId, encodeMessage } from './wire/encode.ts'
import { EncodedEvent, EventFrame } from './wire/frame.ts'
import { toWireMessage } from './wire/message.ts'

export interface OpenContext {
  readonly hub: Hub
  readonly timeline: Timeline
  readonly retry: Retry
  readonly greeting: SseMessage | undefined
  readonly onError: (error: unknown) => void
}

export interface OpenOptions {
  readonly filterParameter?: string
  readonly compression?: 'shared'
}

/** Opens connections: the first bytes at once, then the way to the live stream. */
export function opener(
  { hub, timeline, retry, greeting, onError }: OpenContext,
  { filterParameter = 'event_type', compression }: OpenOptions,
): (admitted: Admitted) => Answer {
  const welcome = greeting === undefined ? '' : encodeMessage(toWireMessage(greeting))

  return ({ request, user, rooms, place }) => {
    const filter = queryFilter(request.url.searchParams, filterParameter)
    const lastEventId = lastEventIdOf(request)
    const view = { filter, rooms, user }
    const gzip =
      compression === 'shared' && acceptsGzip(request.headers.get('accept-encoding')) && hub.mayShare(view)
    const coding: Record<string, string> = compression === undefined ? {} : { vary: 'Accept-Encoding' }
    if (gzip) coding['content-encoding'] = 'gzip'
    const answer = streamAnswer(
      (connect) =>
        hub.open({ ...view, gzip }, place, connect, (connection) => begin(connection, lastEventId)),
      place,
    )
    return { ...answer, headers: { ...answer.headers, ...coding } }
  }

  function begin(connection: Connection, lastEventId: string | undefined): void {
    const { log } = timeline
    if (log === undefined || (lastEventId === undefined && timeline.isStarted)) {
      hub.join(connection)
      connection.send(opening(timeline.cursor))
      return
    }
    // No cursor yet: what the client missed comes first.
    connection.send(opening(undefined))
    const host = { hub, timeline, log, onError }
    if (lastEventId === undefined) timeline.whenSettled((start) => joinSince(start, connection, host))
    else {
      hub.counters.resumed++
      timeline.whenStarted(() => resume(connection, lastEventId, host))
    }
  }

  /** Never empty: proxies and readers take the first byte as the sign of life. */
  function opening(cursor: string | undefined): EventFrame {
    const head = retry.opening() + (cursor === undefined ? '' : encodeId(cursor))
    return frameOf(`${head === '' ? encodeComment('') : head}\n${welcome}`)
  }
}

/** Joins a client that was there before the log said where it stands. */
function joinSince({ position, early, lost }: Start, connection: Connection, host: ResumeHost): void {
  if (!connection.open) return
  const seen = early.filter(({ message, target }) => connection.audience.sees(message.topic, target))
  const events = seen.map(encodeEntry)
  if (lost !== undefined) {
    host.hub.counters.gaps++
    events.unshift(encodeGap(lost))
  }
  if (events.length > 0) connection.send(new EventFrame(events))
  if (position === undefined) {
    host.hub.join(connection)
    return
  }
  connection.send(frameOf(`${encodeId(position.id)}\n`))
  resume(connection, position.offset, host)
}

function frameOf(text: string): EventFrame {
  return new EventFrame([new EncodedEvent(text)])
}
