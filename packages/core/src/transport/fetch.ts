import type { Transport, TransportConnection, TransportHandler, TransportRequest } from './transport.ts'

export type Fetch = typeof globalThis.fetch

/** The options of `fetchTransport`. They are the same on every platform, because TypeScript may read another entry than a bundler. */
export interface FetchTransportOptions {
  /**
   * The `fetch` to use. The body of its response must be a web `ReadableStream`: that of node-fetch, whatwg-fetch and React
   * Native is not, which is the error `request`. If it throws an error with a `response`, as ky and ofetch do, that counts. Default: the global one at the time of each request.
   */
  readonly fetch?: Fetch
  /**
   * Whether a browser sends cookies. `'include'` is the same as `withCredentials` of `EventSource`. Default `'same-origin'`.
   * Other platforms have no cookie store and send none.
   */
  readonly credentials?: 'include' | 'omit' | 'same-origin'
}

/**
 * Sends requests through a browser's `fetch`. The browser handles redirects, content codings and cookies. To another origin it
 * forwards every header but `Authorization`, as far as the CORS rules of that origin allow. It may take a response whose
 * stream was reset for one that ended: a single response then needs the `until` option.
 */
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
  /** Resolves when reading goes on. Undefined while it does. */
  let paused: Promise<void> | undefined
  let resume = (): void => {}

  run().then(
    () => signal.aborted || handler.onEnd(),
    (cause: unknown) => signal.aborted || handler.onError('network', cause),
  )

  async function run(): Promise<void> {
    const request = { method, headers, signal, ...(body && { body }), ...init }
    let response: Response
    try {
      response = await (fetch ?? globalThis.fetch)(url.href, request)
    } catch (error) {
      // Many wrappers throw for a status, with the response in the error.
      response = (Object(error) as { readonly response: Response }).response
      if (typeof response?.status !== 'number') throw error
    }
    const { status, body: stream } = response
    if (!signal.aborted) {
      handler.onResponse({
        status,
        headers: Object.fromEntries(response.headers),
        url: response.url || url.href,
      })
    }
    // A response without a body, such as a 204, has null.
    if (stream === null) return
    if (typeof stream?.getReader !== 'function') return refuse()
    const reader = stream.getReader()
    // A custom `fetch` may ignore the signal.
    const cancel = (): void => void reader.cancel().catch(() => {})
    if (signal.aborted) return cancel()
    signal.addEventListener('abort', cancel)
    for (;;) {
      while (paused) await paused
      const { done, value } = await reader.read()
      if (done || signal.aborted) return
      const isBytes: boolean = ArrayBuffer.isView(value)
      if (!isBytes) return refuse()
      handler.onData(value)
    }
  }

  /** The response cannot be read. */
  function refuse(): void {
    if (!signal.aborted) handler.onError('request', new TypeError(NO_BYTES))
    controller.abort()
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
