import { type Fetch, type FetchTransportOptions, openFetch } from './fetch.ts'
import type { Transport } from './transport.ts'

/** Sends requests through a browser's `fetch`, the global one by default. */
export function createBrowserTransport(
  fetch?: Fetch,
  credentials: FetchTransportOptions['credentials'] = 'same-origin',
): Transport {
  return {
    open: (request, handler) =>
      // This cache mode sends `Cache-Control: no-cache` without a preflight.
      openFetch(fetch, request, { credentials, cache: 'no-store', redirect: request.redirect }, handler),
  }
}
