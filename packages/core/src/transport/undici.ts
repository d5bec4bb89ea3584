import type { Socket } from 'node:net'
import { buildConnector, Client, type Dispatcher } from 'undici'
import { decodeContent } from './content-coding.ts'
import { followRedirects } from './redirect.ts'
import { isTlsError } from './tls-error.ts'
import type { Transport, TransportConnection, TransportHandler, TransportRequest } from './transport.ts'

/** The options of `undiciTransport`. */
export interface UndiciTransportOptions {
  /**
   * What requests go through: an `Agent` with a certificate authority, a unix socket or a client certificate, a
   * `ProxyAgent`, a pool of one's own. Its timeouts for head and body do not apply, its connect timeout does.
   * Default: a connection of its own for each request, closed at once when the stream is, also while it connects.
   */
  readonly dispatcher?: Dispatcher
}

/** Requests through undici's `dispatch`: no stream object stands between the socket and the parser. */
export function undiciTransport(options: UndiciTransportOptions = {}): Transport {
  const { dispatcher } = options
  return decodeContent(
    followRedirects({ open: (request, handler) => new UndiciExchange(request, handler, dispatcher) }),
  )
}

/** Shared, as it remembers TLS sessions. The time to connect is the stream's to limit: undici gives up after 10 s. */
const connector = /* @__PURE__ */ buildConnector({ timeout: 0 })

class UndiciExchange implements TransportConnection, Dispatcher.DispatchHandler {
  private readonly request: TransportRequest
  private readonly handler: TransportHandler
  private readonly ownClient: Client | undefined
  private socket: Socket | undefined
  private controller: Dispatcher.DispatchController | undefined
  private live = true
  private paused = false

  constructor(request: TransportRequest, handler: TransportHandler, dispatcher: Dispatcher | undefined) {
    this.request = request
    this.handler = handler
    if (dispatcher === undefined) this.ownClient = this.createClient()
    // undici may call back from within dispatch, and asserts that no other response is being parsed at that moment.
    queueMicrotask(() => this.dispatch(dispatcher ?? (this.ownClient as Client)))
  }

  pause(): void {
    this.paused = true
    this.controller?.pause()
  }

  resume(): void {
    this.paused = false
    // Not now: undici parses one response at a time, and this may be called from within an event of another one.
    queueMicrotask(() => {
      if (this.live && !this.paused) this.controller?.resume()
    })
  }

  abort(): void {
    if (!this.live) return
    this.live = false
    this.controller?.abort(new Error('aborted'))
    // While it connects, undici has no controller to abort by.
    this.socket?.destroy()
    this.ownClient?.destroy(null, ignore)
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.controller = controller
    if (!this.live) controller.abort(new Error('aborted'))
    else if (this.paused) controller.pause()
  }

  onResponseStart(_: unknown, status: number, headers: ResponseHeaders): void {
    if (!this.live || status < 200) return
    this.handler.onResponse({ status, headers: joined(headers), url: this.request.url.href })
  }

  onResponseData(_: unknown, bytes: Uint8Array): void {
    if (this.live) this.handler.onData(bytes)
  }

  onResponseEnd(): void {
    if (!this.live) return
    this.live = false
    this.ownClient?.close(ignore)
    this.handler.onEnd()
  }

  onResponseError(_: unknown, error: Error): void {
    if (!this.live) return
    this.live = false
    this.ownClient?.destroy(null, ignore)
    const invalid = (error as { code?: unknown }).code === 'UND_ERR_INVALID_ARG'
    this.handler.onError(invalid ? 'request' : isTlsError(error) ? 'tls' : 'network', error)
  }

  private dispatch(dispatcher: Dispatcher): void {
    if (!this.live) return
    const { url, method, headers, body } = this.request
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
      dispatcher.dispatch(options, this)
    } catch (error) {
      this.onResponseError(undefined, error as Error)
    }
  }

  private createClient(): Client {
    return new Client(this.request.url.origin, {
      connect: (options, callback) => {
        // It returns the socket, which undici's types leave out.
        this.socket = connector(options, callback) as unknown as Socket
      },
    })
  }
}

type ResponseHeaders = Readonly<Record<string, string | string[] | undefined>>

function joined(headers: ResponseHeaders): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value].flat().join(', ')]))
}

function ignore(): void {}
