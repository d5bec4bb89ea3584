import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { stopWatching } from './pipelining.ts'

/**
 * Takes a connection away from node:http, so that its request, response and parser can be
 * collected. An idle stream then holds little more than its socket. Returns false, with nothing
 * changed, if this Node has other internals.
 *
 * Call it after the head is sent, and never from within the parser, because it frees the parser.
 */
export function takeOver(request: IncomingMessage, response: ServerResponse, socket: Socket): boolean {
  const { parser } = socket as ParsedSocket
  if (!isKnown(parser) || !request.complete || response.socket !== socket || socket.destroyed) return false
  // Another request has come on this connection. Only node:http answers it, or knows that it left.
  if (parser.incoming !== request) return false
  response.detachSocket(socket)
  stopWatching(socket)
  for (const event of EVENTS) {
    for (const listener of socket.listeners(event)) {
      // Only Node's own listeners: those of the server's owner stay.
      if (NODE_LISTENERS.has(listener.name)) socket.off(event, listener as () => void)
    }
  }
  // While node:http reads the socket, it hides `on` to notice other readers.
  if (Object.hasOwn(socket, 'on')) Reflect.deleteProperty(socket, 'on')
  parser.unconsume()
  parser.remove()
  Object.assign(parser, {
    socket: null,
    incoming: null,
    outgoing: null,
    onIncoming: null,
    _headers: [],
    _url: '',
  })
  parser.free()
  parser.close()
  Object.assign(socket, { parser: null })
  Object.assign(request, { parser: null })
  // Discard what the client still sends, but notice its end.
  socket.on('data', ignore)
  socket.resume()
  return true
}

interface Parser {
  /** The request that was read last. */
  readonly incoming?: unknown
  unconsume(): void
  remove(): void
  free(): void
  close(): void
}

type ParsedSocket = Socket & { readonly parser?: unknown }

const METHODS = ['unconsume', 'remove', 'free', 'close'] as const

function isKnown(parser: unknown): parser is Parser {
  if (typeof parser !== 'object' || parser === null) return false
  return METHODS.every((method) => typeof (parser as Partial<Parser>)[method] === 'function')
}

const EVENTS = ['close', 'error', 'drain', 'data', 'end', 'timeout', 'resume', 'pause']

const NODE_LISTENERS: ReadonlySet<string> = new Set([
  'bound socketOnClose',
  'bound socketOnDrain',
  'bound socketOnData',
  'bound socketOnEnd',
  'socketOnError',
  'socketOnTimeout',
  'onSocketResume',
  'onSocketPause',
  'onServerResponseClose',
])

function ignore(): void {}
