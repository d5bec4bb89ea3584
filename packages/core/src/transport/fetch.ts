import type { TransportConnection, TransportHandler, TransportRequest } from './transport.ts'

export type Fetch = typeof globalThis.fetch

/** The options of `fetchTransport`. They are the same on every platform, because TypeScript may read another entry than a bundler. */
export interface FetchTransportOptions {
  /**
   * The `fetch` to use. The body of its response must be a web `ReadableStream`: that of node-fetch, whatwg-fetch and React
   * Native is not, which is the error `request`. If it throws an error with a `response`, as ky and ofetch do, that response
   * counts. Default: the global one at the time of each request.
   */
  readonly fetch?: Fetch
  /**
   * Whether a browser sends cookies. `'include'` is the same as `withCredentials` of `EventSource`. Default `'same-origin'`.
   * Other platforms have no cookie store and send none.
   */
  readonly credentials?: 'include' | 'omit' | 'same-origin'
}

/** Opens one exchange through a `fetch` that heeds the signal: the global one, or an adapted one. */
export function openFetch(
  fetch: Fetch = globalThis.fetch,
  { url, method, headers, body }: TransportRequest,
  init: RequestInit,
  handler: TransportHandler,
): TransportConnection {
  const controller = new AbortController()
  const { signal } = controller
  /** Resolves when reading goes on. Undefined while it does. */
  let paused: Promise<void> | undefined
  let resume = (): void => {}

  run().then(
    () => signal.aborted || handler.onEnd(),
    (cause: unknown) => signal.aborted || handler.onError('network', cause),
  )

  async function run(): Promise<void> {
    const request = { method, headers, signal, ...(body && { body }), ...init }
    const response = await fetch(url.href, request)
    if (signal.aborted) return
    const { status, body: stream } = response
    handler.onResponse({
      status,
      headers: Object.fromEntries(response.headers),
      url: response.url || url.href,
    })
    // A response without a body, such as a 204, has null.
    if (stream === null || signal.aborted) return
    // Missing if the body is no web stream. Then nothing is read, which is no bytes either.
    const reader = stream?.getReader?.()
    for (;;) {
      while (paused) await paused
      const { done, value }: { done?: boolean; value?: unknown } = (await reader?.read()) ?? {}
      if (done || signal.aborted) return
      if (!ArrayBuffer.isView(value)) {
        handler.onError('request', new TypeError(NO_BYTES))
        return controller.abort()
      }
      handler.onData(value as Uint8Array)
    }
  }

  return {
    pause() {
      paused ??= new Promise((resolve) => {
        resume = resolve
      })
    },
    resume() {
      paused = undefined
      resume()
    },
    abort: () => controller.abort(),
  }
}

const NO_BYTES = 'its body is no web ReadableStream of Uint8Arrays, pass another fetch option'
