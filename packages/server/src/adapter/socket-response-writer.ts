import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { ResponseWriter, ResponseWriterEvents } from '../connection/response-writer.ts'
import type { Frame } from '../wire/frame.ts'
import { findController } from './node-request.ts'
import { SocketWriter } from './socket-writer.ts'
import { takeOver } from './takeover.ts'

/**
 * Writes chunks straight to the socket of an HTTP/1.1 response. They are framed once for all
 * clients; `response.write` would frame them again for each.
 */
export class SocketResponseWriter implements ResponseWriter {
  readonly #socket: Socket
  readonly #events: ResponseWriterEvents
  readonly #writer: SocketWriter
  /** Undefined after the connection has been taken over. */
  #response: ServerResponse | undefined
  #ended = false
  #controller: AbortController | undefined

  constructor(response: ServerResponse, socket: Socket, events: ResponseWriterEvents) {
    this.#response = response
    this.#socket = socket
    this.#events = events
    this.#writer = new SocketWriter(socket)
    WRITERS.set(socket, this)
    socket.on('drain', onDrain)
    response.once('close', () => this.#responseClosed(response))
  }

  write({ chunk }: Frame): boolean {
    if (this.#ended || this.#response?.writableEnded) return true
    return this.#writer.write(chunk)
  }

  end(): void {
    if (this.#ended) return
    this.#ended = true
    if (this.#response !== undefined) this.#response.end()
    else this.#socket.end(LAST_CHUNK)
  }

  /** The last chunk is missing, so the body is not complete (RFC 9112, 8). */
  cut(): void {
    if (this.#ended) return
    this.#ended = true
    this.#socket.destroySoon()
  }

  destroy(): void {
    this.#socket.destroy()
  }

  /** Releases the request and the parser, if that is possible. */
  release(request: IncomingMessage): void {
    const response = this.#response
    if (response === undefined || this.#ended || !takeOver(request, response, this.#socket)) return
    this.#response = undefined
    // The response does not close any more.
    this.#controller = findController(response)
    this.#socket.on('error', onError)
    this.#socket.on('end', onEnd)
    this.#socket.once('close', onClose)
  }

  drained(): void {
    this.#events.drained()
  }

  closed(): void {
    this.#socket.off('drain', onDrain)
    WRITERS.delete(this.#socket)
    this.#controller?.abort()
    this.#events.closed()
  }

  #responseClosed(response: ServerResponse): void {
    if (this.#response === response) this.closed()
  }
}

// One function for all sockets. A closure for each would take memory, which shows with many idle
// connections.
const WRITERS = new WeakMap<Socket, SocketResponseWriter>()

function onDrain(this: Socket): void {
  WRITERS.get(this)?.drained()
}

function onClose(this: Socket): void {
  WRITERS.get(this)?.closed()
}

/** node:http keeps sockets half open, but a client that ended its half does not read. */
function onEnd(this: Socket): void {
  this.destroy()
}

/** A reset. `close` follows. */
function onError(): void {}

const LAST_CHUNK = '0\r\n\r\n'
