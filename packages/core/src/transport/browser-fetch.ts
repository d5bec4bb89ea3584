import { adaptFetch } from './adapt-fetch.ts'
import { createBrowserTransport } from './browser-transport.ts'
import type { FetchTransportOptions } from './fetch.ts'
import type { Transport } from './transport.ts'

/**
 * Sends requests through a browser's `fetch`. The browser handles redirects, content codings and cookies. To another origin it
 * forwards every header but `Authorization`, as far as the CORS rules of that origin allow. It may take a response whose
 * stream was reset for one that ended: a single response then needs the `until` option.
 */
export function fetchTransport({ fetch, credentials }: FetchTransportOptions = {}): Transport {
  return createBrowserTransport(fetch && adaptFetch(fetch), credentials)
}
