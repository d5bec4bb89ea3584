import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/**
 * Takes a connection away from node:http, so that its request, response and parser can be collected: an idle
 * stream then holds little more than its socket. Says whether it did; where Node is not as it is known to be,
 * nothing has been changed.
 *
 * To be called after the head was sent, and not from within the parser, which would be freed under its feet.
 */
export function takeOver(request: IncomingMessage, response: ServerResponse, socket: Socket): boolean {
  const { parser } = socket as ParsedSocket
  if (!isKnown(parser) || !request.complete || response.socket !== socket || socket.destroyed) return false
  response.detachSocket(socket)
  for (const event of EVENTS) {
    for (const listener of socket.listeners(event)) {
      // Node's own alone: what a server's owner listens for, it goes on to hear.
      if (OWN.has(listener.name)) socket.off(event, listener as () => void)
    }
  }
  // While node:http parses by itself it hides the socket's `on`, to notice when somebody else wants its data.
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
  // What the client still sends is of no interest, but its end is.
  socket.on('data', ignore)
  socket.resume()
  return true
}

interface Parser {
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

const OWN: ReadonlySet<string> = new Set([
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
