import type { Transport, TransportConnection, TransportHandler, TransportRequest } from './transport.ts'

export type Fetch = typeof globalThis.fetch

/** The options of `fetchTransport`, in every entry, as TypeScript reads those of one where a bundler takes another. */
export interface FetchTransportOptions {
  /** Default: the global `fetch`, looked up at each request. */
  readonly fetch?: Fetch
  /**
   * In a browser, whether cookies go along; `'include'` is what `withCredentials` is to `EventSource`. Default `'same-origin'`.
   * Elsewhere there is no store of cookies, and none go along.
   */
  readonly credentials?: 'include' | 'omit' | 'same-origin'
}

/** Requests through `fetch` as a browser has it. Redirects, content codings and cookies are the platform's. */
export function fetchTransport({
  fetch,
  credentials = 'same-origin',
}: FetchTransportOptions = {}): Transport {
  return {
    open: (request, handler) =>
      // The cache mode is `Cache-Control: no-cache` on the wire, and no preflight for it.
      openFetch(fetch, request, { credentials, cache: 'no-store', redirect: request.redirect }, handler),
  }
}

/** One exchange through `fetch`. */
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
