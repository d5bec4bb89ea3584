import { requireInteger, type SseMessage } from '@rxsse/shared'
import type { Clock } from '../connection/clock.ts'
import type { Connection } from '../connection/connection.ts'
import type { ReconnectionTime } from '../connection/reconnection-time.ts'
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
import { EARLIEST, NewcomerStarter, type Newcomers, resolveNewcomers } from './newcomers.ts'
import { type ReplayHost, startReplay } from './replay.ts'
import { ReplayQueue } from './replay-queue.ts'
import type { LogStart, Sequencer } from './sequencer.ts'
import { SharedPages } from './shared-pages.ts'

export interface AdmissionContext {
  readonly hub: Hub
  readonly sequencer: Sequencer
  readonly retry: ReconnectionTime
  readonly clock: Clock
  readonly greeting: SseMessage | undefined
  readonly onError: (error: unknown) => void
}

export interface AdmissionOptions {
  readonly filterParameter?: string
  readonly compression?: 'shared'
  readonly newcomers?: Newcomers
  readonly allowEarliest?: boolean
  readonly limits?: { readonly replayBytes?: number }
}

/** Answers admitted requests with a stream: the opening, then missed events, then live ones. */
export function createAdmission(
  { hub, sequencer, retry, clock, greeting, onError }: AdmissionContext,
  { filterParameter = 'event_type', compression, newcomers, allowEarliest, limits }: AdmissionOptions,
): (admitted: AdmittedRequest) => SinkResponse {
  const encodedGreeting = greeting === undefined ? '' : encodeMessage(toWireMessage(greeting))
  const pageBytes = requireInteger(limits?.replayBytes ?? REPLAY_BYTES, 'limits.replayBytes', 1)
  const fromLog = resolveNewcomers(newcomers, sequencer.log)
  const queue = new ReplayQueue(clock)
  const pages = sequencer.log && new SharedPages(sequencer.log)
  sequencer.listen((delivered) => {
    if ('reason' in delivered) pages?.clear()
  })
  const { log } = sequencer
  const host = log && pages && { hub, sequencer, log, queue, pages, clock, pageBytes, onError }
  const starter = host && new NewcomerStarter(fromLog, host)

  return ({ request, user, rooms, expires, permit, scope }) => {
    const filter = parseTopicFilter(request.url.searchParams, filterParameter)
    const lastEventId = readLastEventId(request)
    const subscriberFilter = { filter, rooms, user }
    const gzip =
      compression === 'shared' &&
      acceptsGzip(request.headers.get('accept-encoding')) &&
      hub.mayCompress(subscriberFilter)
    const response = createStreamResponse((connect) => {
      const start = (connection: Connection) => {
        const { disconnection } = scope
        if (disconnection === undefined) begin(connection, lastEventId)
        else connection.end(disconnection.createLast())
      }
      hub.open({ ...subscriberFilter, gzip }, permit, connect, start, expires)
    })
    const headers = {
      ...response.headers,
      ...(compression === undefined ? {} : { vary: 'Accept-Encoding' }),
      ...(gzip ? { 'content-encoding': 'gzip' } : {}),
    }
    return { ...response, headers }
  }

  function begin(connection: Connection, lastEventId: string | undefined): void {
    const isLive = lastEventId === undefined && fromLog === undefined
    if (host === undefined || (isLive && sequencer.isReady)) {
      hub.join(connection)
      connection.send(createOpening(sequencer.cursor))
      return
    }
    // No cursor yet, because the client must first receive the events before it.
    connection.send(createOpening(undefined))
    const replayHost = host
    let stopWaiting = () => {}
    connection.onClosed(() => stopWaiting())
    stopWaiting = wait()

    /** Returns a function that stops waiting for the log. */
    function wait(): () => void {
      if (isLive) return sequencer.whenStarted((start) => resumeFromStart(connection, start, replayHost))
      if (lastEventId === undefined || (allowEarliest && lastEventId === EARLIEST)) {
        const wanted = lastEventId === undefined && fromLog !== undefined ? fromLog : EARLIEST
        return sequencer.whenStarted(() => starter?.start(connection, wanted))
      }
      hub.counters.resumed++
      return sequencer.whenReady(() => startReplay(connection, { after: lastEventId }, replayHost))
    }
  }

  /**
   * Never empty: the first byte shows proxies and clients that the server is alive. Without a
   * cursor, no blank line follows: some readers make an event of every block.
   */
  function createOpening(cursor: string | undefined): EventFrame {
    const head = retry.encode() + (cursor === undefined ? '' : `${encodeId(cursor)}\n`)
    return createFrame(`${head === '' ? encodeComment('') : head}${encodedGreeting}`)
  }
}

/** Resumes a client that connected before the log was ready. */
function resumeFromStart(
  connection: Connection,
  { position, entries, gap }: LogStart,
  host: ReplayHost,
): void {
  if (!connection.isOpen) return
  const seen = entries.filter(
    ({ message, target }) => host.sequencer.passes(message) && connection.group.sees(message.topic, target),
  )
  const events = seen.map(encodeEntry)
  if (gap !== undefined) {
    host.hub.counters.gaps++
    events.unshift(encodeGap(gap))
  }
  if (events.length > 0) connection.send(new EventFrame(events))
  if (position === undefined) {
    connection.onClosed(undefined)
    host.hub.join(connection)
    return
  }
  connection.send(createFrame(`${encodeId(position.id)}\n`))
  startReplay(connection, { after: position.offset }, host)
}

function createFrame(text: string): EventFrame {
  return new EventFrame([new EncodedEvent(text)])
}

/** Bytes of a page of the log, unless `limits.replayBytes` says otherwise. */
const REPLAY_BYTES = 262_144
