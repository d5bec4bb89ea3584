import type { Socket } from 'node:net'
import { runAtEndOfTick } from '../connection/end-of-tick.ts'
import { hasLeft, type NodeRequest, type NodeResponse } from './node-request.ts'

/**
 * Calls `answer` when all responses before this one on its connection have been sent. A request
 * that a client sends ahead holds nothing until then, and its events do not pile up behind the
 * response before it.
 */
export function answerInTurn(request: NodeRequest, response: NodeResponse, answer: () => void): void {
  // HTTP/2 has no order of responses. Only a response that waits has no socket.
  if ('stream' in response || response.socket !== null || hasLeft(response)) {
    begin()
    return
  }
  const { socket } = request
  const waiting = (WAITING.get(socket) ?? 0) + 1
  WAITING.set(socket, waiting)
  if (waiting > MAX_WAITING) {
    socket.destroy()
    return
  }
  // The promise brings back the asynchronous context of this request: the event has that of the one before.
  new Promise((resolve) => response.once('socket', resolve)).then(() => {
    WAITING.set(socket, Number(WAITING.get(socket)) - 1)
    // A framework that closes has ended it.
    if (!response.writableEnded) begin()
  })

  function begin(): void {
    if (!('stream' in response)) watch(response)
    answer()
  }
}

/** Responses of an endpoint that wait for another one on the same connection. */
const WAITING = new WeakMap<Socket, number>()

/** Node holds a few kilobytes for each request, however short it is. */
const MAX_WAITING = 100

/** A response that has its turn, and the socket that shows whether its client leaves. */
const ANSWERING = new WeakMap<Socket, NodeResponse>()

/**
 * Node stops reading a socket if too many bytes of later responses wait. Then the client's leaving
 * is not seen, so such a connection ends. Clients that pipeline requests must expect that (RFC
 * 9112, 9.3.2).
 */
function watch(response: Exclude<NodeResponse, { stream: unknown }>): void {
  const { socket } = response
  // The responses of some test tools have none.
  if (typeof socket?.on !== 'function') return
  // The response before this one may not have closed yet.
  if (!ANSWERING.has(socket)) socket.on('pause', checkAtEndOfTick)
  ANSWERING.set(socket, response)
  response.once('close', () => {
    if (ANSWERING.get(socket) === response) stopWatching(socket)
  })
  if (isStopped(socket)) checkAtEndOfTick.call(socket)
}

/** The connection serves no other request, or its response is over. */
export function stopWatching(socket: Socket): void {
  ANSWERING.delete(socket)
  socket.off('pause', checkAtEndOfTick)
  socket.off('drain', checkAtEndOfTick)
}

// One function for all sockets: a closure for each would take memory.
function checkAtEndOfTick(this: Socket): void {
  runAtEndOfTick(() => check(this))
}

function check(socket: Socket): void {
  const response = ANSWERING.get(socket)
  if (response === undefined || response.writableEnded || !isStopped(socket)) return
  // If the client reads, Node may go on. If it leaves, the write that waits fails.
  if (socket.writableNeedDrain) socket.once('drain', checkAtEndOfTick)
  else socket.destroy()
}

/** A socket also pauses while nobody reads a request's body. That ends with `server.requestTimeout`. */
function isStopped(socket: Socket & { readonly _paused?: boolean }): boolean {
  return socket._paused === true
}
