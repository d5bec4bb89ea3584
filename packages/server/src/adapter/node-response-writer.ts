import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { runAtEndOfTick } from '../connection/end-of-tick.ts'
import type { ResponseWriter, ResponseWriterEvents } from '../connection/response-writer.ts'
import { hasLeft, type NodeRequest, type NodeResponse } from './node-request.ts'
import { SocketResponseWriter } from './socket-response-writer.ts'

/** The writer of a Node response whose head is sent: straight to the socket if that is safe. */
export function createNodeResponseWriter(
  request: NodeRequest,
  response: NodeResponse,
  events: ResponseWriterEvents,
  takeover: boolean,
): ResponseWriter {
  if ('stream' in response || 'stream' in request) return createFallbackWriter(response, events)
  const socket = findRawSocket(response)
  if (socket === undefined) return createFallbackWriter(response, events)
  const writer = new SocketResponseWriter(response, socket, events)
  // The parser may still be at work on this request, so it is released at the end of the tick.
  if (takeover) runAtEndOfTick(() => writer.release(request))
  return writer
}

/** Writes by `response.write`: for HTTP/2, HTTP/1.0 and responses that something wraps. */
function createFallbackWriter(response: NodeResponse, events: ResponseWriterEvents): ResponseWriter {
  response.once('close', () => events.closed())
  response.on('drain', () => events.drained())
  const flush = 'flush' in response && typeof response.flush === 'function' ? response.flush : undefined
  return {
    write(frame) {
      if (hasLeft(response) || response.writableEnded) return true
      const keepsUp = (response as ServerResponse).write(frame.bytes)
      // A compressing middleware holds bytes back until it is flushed.
      flush?.call(response)
      return keepsUp
    },
    end: () => void response.end(),
    cut: () => cutResponse(response, 'after everything written'),
    destroy: () => cutResponse(response, 'at once'),
  }
}

/** Ends a response whose head is sent, so that its client sees that the body is not complete. */
export function cutResponse(response: NodeResponse, when: 'at once' | 'after everything written'): void {
  if ('stream' in response) {
    const { stream } = response
    const reset = () => stream.close(HTTP2_INTERNAL_ERROR)
    // A reset drops what the client has no window for yet, so it waits for all writes before it.
    if (when === 'at once' || stream.writableLength === 0 || stream.destroyed) reset()
    else stream.write('', reset)
  } else if (when === 'at once') response.destroy()
  // Without chunks, the end of the connection would look like the end of the body.
  else if (!response.chunkedEncoding) response.socket?.resetAndDestroy()
  // Node 26 holds what is written in a turn until the turn ends.
  else process.nextTick(() => response.socket?.destroySoon())
}

/** RFC 9113, section 7. */
const HTTP2_INTERNAL_ERROR = 2

/** The socket to write chunks to, if the response is HTTP/1.1 in chunks and nothing wraps it. */
function findRawSocket(response: ServerResponse): Socket | undefined {
  if (!response.chunkedEncoding) return undefined
  if (!isNative(response, 'write') || !isNative(response, 'end')) return undefined
  return response.socket ?? undefined
}

/** Whether a method is Node's own: a middleware replaces it, or a framework's class. */
function isNative(response: ServerResponse, method: 'write' | 'end'): boolean {
  if (Object.hasOwn(response, method)) return false
  let holder: object = Object.getPrototypeOf(response)
  while (!Object.hasOwn(holder, method)) holder = Object.getPrototypeOf(holder)
  return holder.constructor.name === 'OutgoingMessage'
}
