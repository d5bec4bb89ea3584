import { fetchTransport, knownOptions, usesFetch } from '#platform'
import type { EventSourceOptions } from '../stream/options.ts'
import { type Decide, strictDecide } from '../stream/reconnect.ts'
import type { Fetch } from '../transport/fetch.ts'
import type { Transport } from '../transport/transport.ts'
import type { EventSourceInit, FetchLike } from './interface.ts'

/** The options of the stream that an EventSource reads. */
export function resolveInit(init: EventSourceInit): EventSourceOptions {
  const { reconnect, withCredentials: _withCredentials, fetch: _fetch, ...options } = init
  const transport = resolveTransport(init)
  return {
    ...knownOptions(options),
    ...(transport && { transport }),
    // The browsers' default delay.
    reconnect: reconnect !== false && { initialDelay: '3s', jitter: 0.1, decide, ...reconnect },
  }
}

/** The standard's rule to the letter: `strictDecide`, and an aborted request is final. */
const decide: Decide = (end) =>
  (end.error?.cause as { name?: unknown } | undefined)?.name === 'AbortError' ? 'fail' : strictDecide(end)

/** Undefined for the platform's own, if that is not `fetch`. */
function resolveTransport({
  transport,
  fetch,
  redirect,
  withCredentials,
}: EventSourceInit): Transport | undefined {
  if (transport || (!fetch && !usesFetch)) return transport
  return fetchTransport({
    credentials: withCredentials ? 'include' : 'same-origin',
    ...(fetch && { fetch: (redirect === 'error' ? fetch : followingRedirects(fetch)) as Fetch }),
  })
}

/**
 * A `fetch` that follows redirects itself. If the transport followed them, it would call `fetch`
 * for another origin, and a header that `fetch` adds would go there.
 */
function followingRedirects(fetch: FetchLike): FetchLike {
  return (url, init) => fetch(url, { ...init, redirect: 'follow', cache: 'no-store' })
}
