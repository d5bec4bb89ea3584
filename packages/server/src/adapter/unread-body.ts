import type { IncomingMessage } from 'node:http'
import type { Clock } from '../connection/clock.ts'
import { runAtEndOfTick } from '../connection/end-of-tick.ts'
import { hasLeft, type NodeRequest, type NodeResponse } from './node-request.ts'

/**
 * Discards what nobody reads of a request's body. Node would stop reading its socket there, and see
 * neither the client's leaving nor its next request. HTTP/2 has no such order.
 */
export function discardUnreadBody(request: NodeRequest, response: NodeResponse): void {
  if ('stream' in request) return
  if (BODILESS.has(String(request.method)) && request.readableFlowing === null) request.resume()
  // Node does this only for a body that nobody has begun to read.
  response.once('finish', () => {
    if (!request.readableEnded && !isRead(request)) request.resume()
  })
}

/** The same while a stream runs, after what reads the body has had time to begin. */
export function discardUnreadBodyLater(request: NodeRequest, response: NodeResponse, clock: Clock): void {
  if ('stream' in request || request.complete) return
  // Most bodies are complete by then. Only then may the connection be taken over, after which the response does not close.
  runAtEndOfTick(() => {
    if (request.complete || hasLeft(response)) return
    const cancel = clock.after(READING_BEGINS_MS, () => {
      if (!isRead(request)) request.resume()
    })
    response.once('close', cancel)
  })
}

function isRead(request: IncomingMessage): boolean {
  return request.listenerCount('readable') > 0 || request.listenerCount('data') > 0
}

/** Their bodies have no meaning (RFC 9110, 9.3.1). */
const BODILESS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS'])

const READING_BEGINS_MS = 5_000
