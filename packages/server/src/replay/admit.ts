import type { SseMessage } from '@rxsse/shared'
import type { Connection } from '../connection/connection.ts'
import type { Retry } from '../connection/retry.ts'
import type { Hub } from '../fan-out/hub.ts'
import { type AdmittedRequest, createStreamResponse } from '../http/endpoint.ts'
import { acceptsGzip } from '../http/negotiate.ts'
import { readLastEventId } from '../http/request.ts'
import type { SinkResponse } from '../http/response.ts'
import { encodeEntry, encodeGap } from '../log/encode-entry.ts'
import { parseTopicFilter } from '../sink/topic.ts'
import { encodeComment, encodeId, encodeMessage } from '../wire/encode.ts'
import { EncodedEvent, EventFrame } from '../wire/frame.ts'
import { toWireMessage } from '../wire/message.ts'
import { type ResumeHost, resume } from './resume.ts'
import type { Sequencer, Start } from './sequencer.ts'

export interface AdmissionContext {
  readonly hub: Hub
  readonly sequencer: Sequencer
  readonly retry: Retry
  readonly greeting: SseMessage | undefined
  readonly onError: (error: unknown) => void
}

export interface AdmissionOptions {
  readonly filterParameter?: string
  readonly compression?: 'shared'
}

/** Opens connections: the first bytes at once, then the way to the live stream. */
export function createAdmission(
  { hub, sequencer, retry, greeting, onError }: AdmissionContext,
  { filterParameter = 'event_type', compression }: AdmissionOptions,
): (admitted: AdmittedRequest) => SinkResponse {
  const welcome = greeting === undefined ? '' : encodeMessage(toWireMessage(greeting))

  return ({ request, user, rooms, permit }) => {
    const filter = parseTopicFilter(request.url.searchParams, filterParameter)
    const lastEventId = readLastEventId(request)
    const subscriberFilter = { filter, rooms, user }
    const gzip =
      compression === 'shared' &&
      acceptsGzip(request.headers.get('accept-encoding')) &&
      hub.mayShare(subscriberFilter)
    const coding: Record<string, string> = compression === undefined ? {} : { vary: 'Accept-Encoding' }
    if (gzip) coding['content-encoding'] = 'gzip'
    const answer = createStreamResponse(
      (connect) =>
        hub.open({ ...subscriberFilter, gzip }, permit, connect, (connection) =>
          begin(connection, lastEventId),
        ),
      permit,
    )
    return { ...answer, headers: { ...answer.headers, ...coding } }
  }

  function begin(connection: Connection, lastEventId: string | undefined): void {
    const { log } = sequencer
    if (log === undefined || (lastEventId === undefined && sequencer.isStarted)) {
      hub.join(connection)
      connection.send(opening(sequencer.cursor))
      return
    }
    // No cursor yet: what the client missed comes first.
    connection.send(opening(undefined))
    const host = { hub, sequencer, log, onError }
    if (lastEventId === undefined) sequencer.whenSettled((start) => joinSince(start, connection, host))
    else {
      hub.counters.resumed++
      sequencer.whenStarted(() => resume(connection, lastEventId, host))
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
