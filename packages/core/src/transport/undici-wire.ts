import { subscribe } from 'node:diagnostics_channel'
import type { ClientHttp2Stream, Http2Session } from 'node:http2'
import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { skipInformational } from './skip-informational.ts'

/**
 * The socket of an exchange, and its stream on HTTP/2. undici takes two broken bodies for complete ones: a stream that is
 * reset with NO_ERROR, and a body without a length whose connection is reset. Both are known only here.
 */
export class UndiciWire {
  #socket: Socket | undefined
  /** On HTTP/2. */
  #session: Http2Session | undefined
  #wasReset = false
  #hasEndStream = false

  /** Call it within `onRequestStart`: undici writes the request after it, in the same turn. */
  watch(): void {
    subscribeOnce()
    this.#socket = this.#session = undefined
    this.#hasEndStream = this.#wasReset = false
    writing = this
    queueMicrotask(() => {
      if (writing === this) writing = undefined
    })
  }

  /** Call it within `onResponseEnd`. */
  get hasProperEnd(): boolean {
    return this.#session ? this.#hasEndStream : !this.#wasReset
  }

  /** The exchange is given up, maybe because nothing came. On HTTP/2, the next one would use the same connection. */
  probe(): void {
    if (this.#session) probe(this.#session)
  }

  static onSendHeaders(message: unknown): void {
    if (writing === undefined) return
    const { request, socket } = message as { request: object; socket: Socket }
    writing.#socket = socket
    wires.set(request, writing)
    if ((socket as TLSSocket).alpnProtocol !== 'h2') skipInformational(socket)
  }

  /** The body has ended. Interceptors may hold the end back, and a socket that is done with may fail meanwhile. */
  static onEnd(message: unknown): void {
    const wire = wires.get((message as { request: object }).request)
    if (wire) wire.#wasReset = Boolean(wire.#socket?.errored)
  }

  static onStreamCreated(message: unknown): void {
    const wire = writing
    if (wire === undefined) return
    const { stream } = message as { stream: ClientHttp2Stream }
    const { push } = stream
    wire.#session = stream.session
    // Node pushes null for END_STREAM (RFC 9113, 5.1), and for a reset, but after a reset the stream is closed by then.
    stream.push = (bytes, encoding) => {
      if (bytes === null && !stream.closed) wire.#hasEndStream = true
      return push.call(stream, bytes, encoding)
    }
  }
}

/**
 * Closes a connection that does not answer: it may be dead without a sign, and so would be each new request on it. undici asks
 * only after its own timeouts, which do not run here.
 */
function probe(session: Http2Session): void {
  if (session.destroyed || probed.has(session)) return
  probed.add(session)
  const timer = setTimeout(() => {
    // If this process was stopped, what has arrived meanwhile is read first.
    setImmediate(() => {
      if (probed.has(session)) session.destroy(new Error('the HTTP/2 connection does not answer'))
    })
  }, PROBE_LIMIT).unref()
  session.ping((error) => {
    // Too many earlier pings have no answer yet, so this one is not sent.
    if (error && !session.destroyed) return
    clearTimeout(timer)
    probed.delete(session)
  })
}

/** Connections that have not answered yet. */
const probed = /* @__PURE__ */ new WeakSet<Http2Session>()

/** Milliseconds. */
const PROBE_LIMIT = 5_000

/** The exchange whose request undici writes now. */
let writing: UndiciWire | undefined

/** By undici's requests. */
const wires = /* @__PURE__ */ new WeakMap<object, UndiciWire>()

let isSubscribed = false

function subscribeOnce(): void {
  if (isSubscribed) return
  isSubscribed = true
  subscribe('undici:client:sendHeaders', UndiciWire.onSendHeaders)
  subscribe('undici:request:trailers', UndiciWire.onEnd)
  subscribe('http2.client.stream.created', UndiciWire.onStreamCreated)
}
