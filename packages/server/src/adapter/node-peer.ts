import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Peer, PeerEvents } from '../connection/peer.ts'
import type { Frame } from '../wire/frame.ts'
import { hasLeft, type NodeResponse } from './node-request.ts'

/** The peer behind a Node response whose head has been sent. */
export function nodePeer(response: NodeResponse, events: PeerEvents): Peer {
  response.once('close', () => events.closed())
  const socket = rawSocketOf(response)
  return socket === undefined ? throughResponse(response, events) : throughSocket(response, socket, events)
}

/**
 * Straight to the socket: the chunk was framed once for everybody, where `response.write` would frame it anew
 * for each. The response still owns the connection and ends the body.
 */
function throughSocket(response: NodeResponse, socket: Socket, events: PeerEvents): Peer {
  const drained = () => events.drained()
  socket.on('drain', drained)
  // A connection that is kept alive goes on to serve other requests.
  response.once('close', () => socket.off('drain', drained))
  return {
    write: (frame: Frame) => socket.destroyed || socket.write(frame.chunk),
    end: () => void response.end(),
    destroy: () => void socket.destroy(),
  }
}

/** By way of the response: for HTTP/2, HTTP/1.0, and responses that a middleware has put itself in front of. */
function throughResponse(response: NodeResponse, events: PeerEvents): Peer {
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
function rawSocketOf(response: NodeResponse): Socket | undefined {
  if (!('chunkedEncoding' in response) || !response.chunkedEncoding) return undefined
  if (!isNative(response, 'write') || !isNative(response, 'end')) return undefined
  // Without a socket the response is queued behind another on a pipelined connection.
  return response.socket ?? undefined
}

/** Whether a method is Node's own: a middleware replaces it on the response, a framework in a class of its own. */
function isNative(response: ServerResponse, method: 'write' | 'end'): boolean {
  let holder: object = response
  while (!Object.hasOwn(holder, method)) holder = Object.getPrototypeOf(holder)
  return holder.constructor.name === 'OutgoingMessage' || holder.constructor.name === 'ServerResponse'
}
