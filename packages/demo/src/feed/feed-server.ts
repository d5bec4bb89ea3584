import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Timeline } from './timeline.ts'

export interface FeedOptions {
  readonly timeline: Timeline
  /** Event time divided by wall time: 3600 replays an hour each second. */
  readonly speed: number
  /**
   * Wall time at which the timeline started, in epoch milliseconds. A restarted feed with the same origin
   * continues as if it had never stopped.
   */
  readonly origin: number
  /** Milliseconds until a connection is cut, called once for each. `Infinity` never cuts it. */
  readonly lifetime: () => number
}

/**
 * Serves the timeline at `/feed` as an event stream that honours Last-Event-ID. It is unreliable on purpose: it cuts
 * every connection after a while, in turn by a clean end, by a FIN in the middle of an event, and by a TCP reset.
 */
export function createFeedServer(options: FeedOptions): Server {
  let connections = 0
  return createServer((request, response) => {
    if (request.method !== 'GET' || request.url?.split('?', 1)[0] !== '/feed') {
      response.writeHead(404).end()
      return
    }
    connections += 1
    replay(request, response, options, CUTS[connections % CUTS.length] ?? endCleanly)
  })
}

function replay(request: IncomingMessage, response: ServerResponse, options: FeedOptions, cut: Cut): void {
  const { timeline, speed, origin } = options
  const lastEventId = Number(request.headers['last-event-id'] ?? 0)
  let next = timeline.at(Number.isSafeInteger(lastEventId) && lastEventId >= 0 ? lastEventId + 1 : 1)
  let timer: NodeJS.Timeout | undefined

  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store, no-transform' })
  response.write('retry: 1000\n\n')

  const send = (): void => {
    const elapsed = (Date.now() - origin) * speed
    while (next.due <= elapsed) {
      const accepted = response.write(frame(next))
      next = timeline.at(next.id + 1)
      if (!accepted) {
        response.once('drain', send)
        return
      }
    }
    timer = setTimeout(send, Math.min((next.due - elapsed) / speed, MAX_TIMER))
  }

  const lifetime = options.lifetime()
  const end =
    lifetime === Number.POSITIVE_INFINITY
      ? undefined
      : setTimeout(() => {
          stop()
          cut(response, frame(next))
        }, lifetime)
  const stop = (): void => {
    clearTimeout(timer)
    clearTimeout(end)
    response.off('drain', send)
  }
  response.on('close', stop)
  send()
}

function frame(event: { readonly id: number; readonly type: string; readonly data: string }): string {
  return `id: ${event.id}\nevent: ${event.type}\ndata: ${event.data}\n\n`
}

/** Ends a connection. `pending` is the event that would come next. */
type Cut = (response: ServerResponse, pending: string) => void

const endCleanly: Cut = (response) => {
  response.end()
}

const cutMidEvent: Cut = (response, pending) => {
  response.write(pending.slice(0, Math.floor(pending.length / 2)), () => response.socket?.destroySoon())
}

const reset: Cut = (response, pending) => {
  response.write(pending.slice(0, 9), () => response.socket?.resetAndDestroy())
}

const CUTS: readonly Cut[] = [endCleanly, cutMidEvent, reset]

const MAX_TIMER = 2 ** 31 - 1
