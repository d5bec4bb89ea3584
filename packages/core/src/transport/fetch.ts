import type { Transport, TransportConnection, TransportHandler, TransportRequest } from './transport.ts'

export type Fetch = typeof globalThis.fetch

/** The options of `fetchTransport`. They are the same on every platform, because TypeScript may read another entry than a bundler. */
export interface FetchTransportOptions {
  /** The `fetch` to use. Default: the global one at the time of each request. */
  readonly fetch?: Fetch
  /**
   * Whether a browser sends cookies. `'include'` is the same as `withCredentials` of `EventSource`. Default `'same-origin'`.
   * Other platforms have no cookie store and send none.
   */
  readonly credentials?: 'include' | 'omit' | 'same-origin'
}

/** Sends requests through a browser's `fetch`. The browser handles redirects, content codings and cookies. */
export function fetchTransport({
  fetch,
  credentials = 'same-origin',
}: FetchTransportOptions = {}): Transport {
  return {
    open: (request, handler) =>
      // This cache mode sends `Cache-Control: no-cache` without a preflight.
      openFetch(fetch, request, { credentials, cache: 'no-store', redirect: request.redirect }, handler),
  }
}

/** Opens one exchange through `fetch`. */
export function openFetch(
  fetch: Fetch | undefined,
  { url, method, headers, body }: TransportRequest,
  init: RequestInit,
  handler: TransportHandler,
): TransportConnection {
  const controller = new AbortController()
  const { signal } = controller
  let paused = false
  let wake: (() => void) | undefined

  run().then(
    () => signal.aborted || handler.onEnd(),
    (cause: unknown) => signal.aborted || handler.onError('network', cause),
  )

  async function run(): Promise<void> {
    const request = { method, headers, signal, ...(body && { body }), ...init }
    const response = await (fetch ?? globalThis.fetch)(url.href, request)
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
