import type { Answer } from './answer.ts'
import { acceptsGzip } from './compression/accepts-gzip.ts'
import { type Admitted, streamAnswer } from './endpoint.ts'
import type { SseMessage } from './event.ts'
import type { Hub } from './fan-out/hub.ts'
import { lastEventIdOf } from './request.ts'
import { resume } from './resume.ts'
import type { Timeline } from './timeline.ts'
import { queryFilter } from './topic.ts'
import { encodeComment, encodeId, encodeMessage, encodeRetry } from './wire/encode.ts'
import { EncodedEvent, EventFrame } from './wire/frame.ts'
import { toWireMessage } from './wire/message.ts'

export interface OpenContext {
  readonly hub: Hub
  readonly timeline: Timeline
  readonly retry: number | undefined
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
  const pace = retry === undefined ? '' : encodeRetry(retry)

  return ({ request, user, rooms, place }) => {
    const filter = queryFilter(request.url.searchParams, filterParameter)
    const lastEventId = lastEventIdOf(request)
    const view = { filter, rooms, user }
    const gzip =
      compression === 'shared' && acceptsGzip(request.headers.get('accept-encoding')) && hub.mayShare(view)
    const coding: Record<string, string> = compression === undefined ? {} : { vary: 'Accept-Encoding' }
    if (gzip) coding['content-encoding'] = 'gzip'
    const answer = streamAnswer((connect) => {
      const connection = hub.open({ ...view, gzip }, place, connect)
      const { log } = timeline
      if (lastEventId !== undefined && log !== undefined) {
        // No cursor yet: the client has its own, and what it missed comes first.
        connection.send(opening(undefined))
        timeline.whenStarted(() => resume(connection, lastEventId, { hub, timeline, log, onError }))
      } else if (timeline.isStarted) {
        hub.join(connection)
        connection.send(opening(timeline.cursor))
      } else {
        connection.send(opening(undefined))
        timeline.whenStarted(() => {
          hub.join(connection)
          if (timeline.cursor !== undefined) connection.send(frameOf(`${encodeId(timeline.cursor)}\n`))
        })
      }
    }, place)
    return { ...answer, headers: { ...answer.headers, ...coding } }
  }

  /** Never empty: proxies and readers take the first byte as the sign of life. */
  function opening(cursor: string | undefined): EventFrame {
    const head = pace + (cursor === undefined ? '' : encodeId(cursor))
    return frameOf(`${head === '' ? encodeComment('') : head}\n${welcome}`)
  }
}

function frameOf(text: string): EventFrame {
  return new EventFrame([new EncodedEvent(text)])
}
