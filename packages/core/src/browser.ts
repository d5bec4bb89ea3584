import type { Observable } from 'rxjs'
import type { SseEvent } from './event.ts'
import { eventStream, type WakeUp } from './event-stream.ts'
import { type EventSourceOptions, type Notice, resolveOptions, type UrlInput } from './options.ts'
import { fetchTransport } from './transport/fetch.ts'

/**
 * An SSE endpoint as an Observable (HTML standard, 9.2 "Server-sent events"), over `fetch`: for browsers, Deno, Bun and
 * edge runtimes. The same as on Node, except that redirects follow the platform's rules and that a waiting stream tries
 * again at once when the browser is back online.
 */
export function fromEventSource<const E extends string = string>(
  url: UrlInput,
  options: EventSourceOptions<E> = {},
): Observable<SseEvent<string, E | Notice>> {
  return eventStream<E | Notice>(resolveOptions(url, options, fetchTransport), onceOnline)
}

export * from './exports.ts'

const onceOnline: WakeUp = (wake) => {
  const target = globalThis as Partial<Pick<EventTarget, 'addEventListener' | 'removeEventListener'>>
  target.addEventListener?.('online', wake)
  return () => target.removeEventListener?.('online', wake)
}
