import { isTlsError } from './tls-error.ts'
import type { Transport, TransportConnection, TransportHandler, TransportRequest } from './transport.ts'

export interface FetchTransportOptions {
  /** Default: the global `fetch`, looked up at each request. */
  readonly fetch?: typeof globalThis.fetch
  /** Whether cookies go along; `'include'` is what `withCredentials` is to `EventSource`. Default `'same-origin'`. */
  readonly credentials?: 'include' | 'omit' | 'same-origin'
}

/** Requests through `fetch`, for browsers, Deno, Bun and edge runtimes. Redirects, content codings and cookies are the platform's. */
export function fetchTransport(options: FetchTransportOptions = {}): Transport {
  return { open: (request, handler) => new FetchExchange(request, handler, options) }
}

class FetchExchange implements TransportConnection {
  private readonly handler: TransportHandler
  private readonly controller: AbortController = new AbortController()
  private paused = false
  private wake: (() => void) | undefined

  constructor(request: TransportRequest, handler: TransportHandler, options: FetchTransportOptions) {
    this.handler = handler
    this.run(request, options).then(
      () => {
        if (this.live) handler.onEnd()
      },
      (cause: unknown) => {
        if (this.live) handler.onError(isTlsError(cause) ? 'tls' : 'network', cause)
      },
    )
  }

  pause(): void {
    this.paused = true
  }

  resume(): void {
    this.paused = false
    this.wake?.()
  }

  abort(): void {
    this.controller.abort()
    this.wake?.()
  }

  private get live(): boolean {
    return !this.controller.signal.aborted
  }

  private async run(request: TransportRequest, options: FetchTransportOptions): Promise<void> {
    const { url, method, headers, body, redirect } = request
    const { fetch = globalThis.fetch, credentials = 'same-origin' } = options
    const { signal } = this.controller
    const response = await fetch(url.href, {
      method,
      headers,
      redirect,
      credentials,
      signal,
      // `Cache-Control: no-cache` on the wire, and no preflight for it.
      cache: 'no-store',
      ...(body !== undefined && { body }),
    })
    if (!this.live) return
    this.handler.onResponse({
      status: response.status,
      headers: Object.fromEntries(response.headers),
      url: response.url || url.href,
    })
    const reader = response.body?.getReader()
    while (reader !== undefined && this.live) {
      if (this.paused)
        await new Promise<void>((resolve) => {
          this.wake = resolve
        })
      else {
        const { done, value } = await reader.read()
        if (done) return
        if (this.live) this.handler.onData(value)
      }
    }
  }
}
