import { adaptFetch } from './adapt-fetch.ts'
import { type FetchTransportOptions, openFetch } from './fetch.ts'
import { followRedirects } from './redirect.ts'
import { isTlsError } from './tls-error.ts'
import type { Transport } from './transport.ts'

/**
 * Sends requests through the `fetch` of Node, Deno, Bun or an edge runtime. Follows redirects as `undiciTransport` does: the
 * caller's headers never reach another origin. `fetch` alone would forward all but `Authorization` and `Cookie`.
 *
 * A custom `fetch` may add secrets to each request, so it is never called for another origin: such a redirect is an error.
 * A custom `fetch` that follows redirects itself does so by its own rules.
 *
 * Over HTTP/2, or if the body has neither a length nor chunks, `fetch` may take a body that was reset for one that ended. A
 * single response then needs the `until` option, or `undiciTransport`.
 */
export function fetchTransport({ fetch }: FetchTransportOptions = {}): Transport {
  const adapted = fetch && adaptFetch(async (...request) => requireResponse(await fetch(...request)))
  const exchanges: Transport = {
    open(request, handler) {
      const headers = { 'cache-control': 'no-cache', ...request.headers }
      return openFetch(
        adapted,
        { ...request, headers },
        { redirect: 'manual' },
        {
          onResponse: (response) => handler.onResponse(response),
          onData: (bytes) => handler.onData(bytes),
          onEnd: () => handler.onEnd(),
          onError(code, cause) {
            if (cause instanceof NoResponseError) {
              // The next answer would be no better, and only an error that follows a response is final.
              handler.onResponse({ ...EVENT_STREAM, status: cause.status, url: request.url.href })
              handler.onError('request', cause)
            } else handler.onError(isTlsError(cause) ? 'tls' : code, withoutQuery(cause))
          },
        },
      )
    },
  }
  return followRedirects(exchanges, { sameOriginOnly: fetch && 'the fetch option may add secrets' })
}

/** Throws if a `fetch` answers with less than a `Response`, as mocks do. */
function requireResponse(response: Response): Response {
  const { status, headers } = Object(response) as Partial<Response>
  if (typeof status === 'number' && Symbol.iterator in Object(headers)) return response
  throw new NoResponseError(status)
}

class NoResponseError extends TypeError {
  readonly status: number

  constructor(status: unknown) {
    super('what fetch answered is no Response: it needs a status, headers that can be iterated, and a body')
    this.status = typeof status === 'number' ? status : 200
  }
}

const EVENT_STREAM = { headers: { 'content-type': 'text/event-stream' } }

/** Removes queries from an error message. Deno's `fetch` quotes the whole URL, and its query may hold a secret. */
function withoutQuery(error: unknown): unknown {
  if (!(error instanceof Error) || !error.message.includes('?')) return error
  return new Error(error.message.replace(/\?[^\s)]+/g, '?…'), { cause: error.cause })
}
