import { AsyncLocalStorage } from 'node:async_hooks'
import type { Socket } from 'node:net'
import { Agent, buildConnector, Client, type Dispatcher, EnvHttpProxyAgent, ProxyAgent } from 'undici'
import { decodeContent } from './content-coding.ts'
import { followRedirects } from './redirect.ts'
import { isTlsError } from './tls-error.ts'
import type { Transport, TransportConnection, TransportHandler, TransportRequest } from './transport.ts'
import { UndiciWire } from './undici-wire.ts'

/** The options of `undiciTransport`. */
export interface UndiciTransportOptions {
  /**
   * Sends the requests: an `Agent` with a certificate authority, a unix socket or a client certificate, a `ProxyAgent`, or a
   * pool. Its connect timeout applies. Its timeouts for head and body do not. HTTP/2 is used if it negotiates HTTP/2.
   * If a stream of HTTP/2 is given up and the connection then answers nothing for 5 s, it is closed, with its other streams.
   * One with interceptors may add secrets to each request, so it gets none for another origin: such a redirect is an error.
   * Default: each request has its own connection, which closes at once when the stream does, even while it connects.
   */
  readonly dispatcher?: Dispatcher
}

/** Sends requests through undici's `dispatch`, without a stream object between the socket and the parser. */
export function undiciTransport(options: UndiciTransportOptions = {}): Transport {
  const { dispatcher } = options
  const exchanges: Transport = {
    open: (request, handler) => new UndiciExchange(request, handler, dispatcher),
  }
  const sameOriginOnly =
    dispatcher && !PLAIN_DISPATCHES.has(dispatcher.dispatch)
      ? 'the interceptors of the dispatcher may add secrets'
      : undefined
  return { ...decodeContent(followRedirects(exchanges, { sameOriginOnly })), reportsConnected: true }
}

/** The methods of undici's own dispatchers, which add nothing. The one of a client is that of a pool and of an agent as well. */
const PLAIN_DISPATCHES: ReadonlySet<unknown> = /* @__PURE__ */ new Set(
  [Agent, ProxyAgent, EnvHttpProxyAgent].map(({ prototype }) => prototype.dispatch),
)

/**
 * Shared, because it keeps TLS sessions. It has no timeout (undici's default is 10 s): the stream limits the time to connect.
 * It offers no HTTP/2 (undici's default does), which gains nothing: each request has its own connection.
 */
const CONNECTOR = /* @__PURE__ */ buildConnector({ timeout: 0, allowH2: false })

class UndiciExchange implements TransportConnection, Dispatcher.DispatchHandler {
  readonly #request: TransportRequest
  readonly #handler: TransportHandler
  readonly #ownClient: Client | undefined
  readonly #wire = new UndiciWire()
  /** A shared connection calls back in the context of the request that opened it, and a gate in that of who opens it. */
  readonly #inContext = AsyncLocalStorage.snapshot()
  #socket: Socket | undefined
  #controller: Dispatcher.DispatchController | undefined
  #live = true
  #paused = false

  constructor(request: TransportRequest, handler: TransportHandler, dispatcher: Dispatcher | undefined) {
    this.#request = request
    this.#handler = handler
    if (dispatcher === undefined) this.#ownClient = this.#createClient()
    // undici may call back from within dispatch, and asserts that it parses no other response at that moment.
    queueMicrotask(() => this.#dispatch(dispatcher ?? (this.#ownClient as Client)))
  }

  pause(): void {
    this.#paused = true
    this.#controller?.pause()
  }

  resume(): void {
    this.#paused = false
    // Deferred: undici parses one response at a time, and another response may be calling this.
    queueMicrotask(() => {
      if (this.#live && !this.#paused) this.#inContext(() => this.#controller?.resume())
    })
  }

  abort(): void {
    if (!this.#live) return
    this.#live = false
    this.#wire.probe()
    this.#controller?.abort(new Error('aborted'))
    // While it connects, undici has no controller yet.
    this.#socket?.destroy()
    this.#ownClient?.destroy(null, ignore)
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    this.#wire.watch()
    if (!this.#live) {
      controller.abort(new Error('aborted'))
      return
    }
    if (this.#paused) controller.pause()
    this.#handler.onConnected?.()
  }

  onResponseStart(_: unknown, status: number, headers: ResponseHeaders): void {
    if (!this.#live || status < 200) return
    this.#handler.onResponse({ status, headers: joinValues(headers), url: this.#request.url.href })
  }

  onResponseData(_: unknown, bytes: Uint8Array): void {
    if (this.#live) this.#handler.onData(bytes)
  }

  onResponseEnd(): void {
    if (!this.#live) return
    if (!this.#wire.hasProperEnd) {
      this.onResponseError(undefined, new Error('the body was cut short by a reset'))
      return
    }
    this.#live = false
    this.#ownClient?.close(ignore)
    this.#handler.onEnd()
  }

  onResponseError(_: unknown, error: Error): void {
    if (!this.#live) return
    this.#live = false
    this.#ownClient?.destroy(null, ignore)
    const { code, statusCode, headers = {}, body } = error as Partial<ResponseFailure>
    if (code === 'UND_ERR_RESPONSE' && statusCode !== undefined) {
      this.#handler.onResponse({
        status: statusCode,
        headers: joinValues(headers),
        url: this.#request.url.href,
      })
      this.#handler.onData(Buffer.from(typeof body === 'string' ? body : JSON.stringify(body ?? '')))
      this.#handler.onEnd()
      return
    }
    const invalid = code === 'UND_ERR_INVALID_ARG'
    this.#handler.onError(invalid ? 'request' : isTlsError(error) ? 'tls' : 'network', error)
  }

  #dispatch(dispatcher: Dispatcher): void {
    if (!this.#live) return
    const { url, method, headers, body } = this.#request
    const options: Dispatcher.DispatchOptions = {
      origin: url.origin,
      path: url.pathname + url.search,
      method,
      headers: { 'cache-control': 'no-cache', 'user-agent': 'rxsse', ...headers },
      headersTimeout: 0,
      bodyTimeout: 0,
      ...(body !== undefined && { body }),
    }
    try {
      // The connection of its own client has the context of this request.
      dispatcher.dispatch(options, this.#ownClient ? this : bindContext(this, this.#inContext))
    } catch (error) {
      this.onResponseError(undefined, error as Error)
    }
  }

  #createClient(): Client {
    return new Client(this.#request.url.origin, {
      connect: (options, callback) => {
        // It returns the socket. undici's types omit that.
        this.#socket = CONNECTOR(options, callback) as unknown as Socket
      },
    })
  }
}

/** The same handler, but called in a context. */
function bindContext(
  exchange: UndiciExchange,
  inContext: ReturnType<typeof AsyncLocalStorage.snapshot>,
): Dispatcher.DispatchHandler {
  return {
    onRequestStart: (controller) => inContext(() => exchange.onRequestStart(controller)),
    onResponseStart: (controller, status, headers) =>
      inContext(() => exchange.onResponseStart(controller, status, headers)),
    onResponseData: (controller, bytes) => inContext(() => exchange.onResponseData(controller, bytes)),
    onResponseEnd: () => inContext(() => exchange.onResponseEnd()),
    onResponseError: (controller, error) => inContext(() => exchange.onResponseError(controller, error)),
  }
}

/** What undici's interceptor `responseError` makes of a status of 400 and more. */
interface ResponseFailure {
  readonly code: string
  readonly statusCode: number
  readonly headers: ResponseHeaders
  readonly body: unknown
}

type ResponseHeaders = Readonly<Record<string, string | string[] | undefined>>

function joinValues(headers: ResponseHeaders): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value].flat().join(', ')]))
}

function ignore(): void {}
