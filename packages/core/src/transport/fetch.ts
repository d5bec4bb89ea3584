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
  return { open: (request, handler) => open(request, handler, options) }
}

function open(
  { url, method, headers, body, redirect }: TransportRequest,
  handler: TransportHandler,
  { fetch = globalThis.fetch, credentials = 'same-origin' }: FetchTransportOptions,
): TransportConnection {
  const controller = new AbortController()
  const { signal } = controller
  let paused = false
  let wake: (() => void) | undefined

  run().then(
    () => signal.aborted || handler.onEnd(),
    (cause: unknown) => signal.aborted || handler.onError(isTlsError(cause) ? 'tls' : 'network', cause),
  )

  async function run(): Promise<void> {
    const response = await fetch(url.href, {
      method,
      headers,
      redirect,
      credentials,
      signal,
      // `Cache-Control: no-cache` on the wire, and no preflight for it.
      cache: 'no-store',
      ...(body && { body }),
    })
    if (signal.aborted) return
    handler.onResponse({
      status: response.status,
      headers: Object.fromEntries(response.headers),
      url: response.url || url.href,
    })
    const reader = response.body?.getReader()
    while (reader) {
      while (paused) {
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
      const { done, value } = await reader.read()
      if (done || signal.aborted) return
      handler.onData(value)
    }
  }

  return {
    pause() {
      paused = true
    },
    resume() {
      paused = false
      wake?.()
    },
    abort() {
      controller.abort()
      this.resume()
    },
  }
}
