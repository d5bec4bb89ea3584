import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { endOfTick } from '../connection/clock.ts'
import type { ResponseWriter, ResponseWriterEvents } from '../connection/response-writer.ts'
import { hasLeft, type NodeRequest, type NodeResponse } from './node-request.ts'
import { SocketResponseWriter } from './socket-response-writer.ts'

/** The writer behind a Node response whose head has been sent. */
export function createNodeResponseWriter(
  request: NodeRequest,
  response: NodeResponse,
  events: ResponseWriterEvents,
  takeover: boolean,
): ResponseWriter {
  if ('stream' in response || 'stream' in request) return throughResponse(response, events)
  const socket = rawSocketOf(response)
  if (socket === undefined) return throughResponse(response, events)
  const writer = new SocketResponseWriter(response, socket, events)
  // The parser may be at work on this very request: it is let go when that is done.
  if (takeover) endOfTick(() => writer.release(request))
  return writer
}

/** By way of the response: for HTTP/2, HTTP/1.0, and responses that a middleware has put itself in front of. */
function throughResponse(response: NodeResponse, events: ResponseWriterEvents): ResponseWriter {
  response.once('close', () => events.closed())
  response.on('drain', () => events.drained())
  const flush = 'flush' in response && typeof response.flush === 'function' ? response.flush : undefined
  return {
    write(frame) {
      if (hasLeft(response) || response.writableEnded) return true
      const keepsUp = (response as ServerResponse).write(frame.bytes)
      // A compressing middleware holds bytes back until it is told to let them go.
      flush?.call(response)
      return keepsUp
    },
    end: () => void response.end(),
    destroy: () => void response.destroy(),
  }
}

/** The socket to write chunks to, where nothing else stands between: an unwrapped HTTP/1.1 response in chunks. */
function rawSocketOf(response: ServerResponse): Socket | undefined {
  if (!response.chunkedEncoding) return undefined
  if (!isNative(response, 'write') || !isNative(response, 'end')) return undefined
  // Without a socket the response is queued behind another on a pipelined connection.
  return response.socket ?? undefined
}

/** Whether a method is Node's own: a middleware replaces it on the response, a framework in a class of its own. */
function isNative(response: ServerResponse, method: 'write' | 'end'): boolean {
  if (Object.hasOwn(response, method)) return false
  let holder: object = Object.getPrototypeOf(response)
  while (!Object.hasOwn(holder, method)) holder = Object.getPrototypeOf(holder)
  return holder.constructor.name === 'OutgoingMessage'
}
