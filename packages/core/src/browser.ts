import type { Observable } from 'rxjs'
import type { SseEvent } from './event.ts'
import { eventStream, type WakeUp } from './event-stream.ts'
import { type IterateOptions, iterate } from './flow/iterate.ts'
import { type EventSourceOptions, type Notice, resolveOptions, type UrlInput } from './options.ts'
import { type ProbeOptions, type ProbeStep, probe } from './probe.ts'
import { fetchTransport } from './transport/fetch.ts'

/**
 * An SSE endpoint as an Observable (HTML standard, 9.2 "Server-sent events"), over `fetch`. The same as on Node,
 * except that redirects follow the browser's rules, and that a waiting stream tries again at once when the browser is back online.
 */
export function fromEventSource<const E extends string = string>(
  url: UrlInput,
  options: EventSourceOptions<E> = {},
): Observable<SseEvent<string, E | Notice>> {
  return eventStream<E | Notice>(resolveOptions(url, options, fetchTransport), onceOnline)
}

/**
 * The same stream as an iterator, pulled: while events wait, the socket is not read, so that the server is slowed to the reader's
 * pace. Starts at the first pull; ends with `break`, which closes the socket.
 */
export function iterateEventSource<const E extends string = string>(
  url: UrlInput,
  { buffer, ...options }: IterateOptions<E> = {},
): AsyncIterableIterator<SseEvent<string, E | Notice>, undefined> {
  return iterate((gate) => fromEventSource(url, { ...options, gate }), buffer)
}

/**
 * Tries an endpoint once: emits how far it comes, and completes with its first event. Errors with an `EventSourceError` that says
 * what is wrong, also where no event comes in time and where the stream ends before one.
 */
export function probeEventSource(url: UrlInput, options: ProbeOptions = {}): Observable<ProbeStep> {
  return probe((rest) => fromEventSource(url, rest), options)
}

export * from './exports.ts'
export { fetchTransport } from './transport/fetch.ts'

const onceOnline: WakeUp = (wake) => {
  const target = globalThis as Partial<Pick<EventTarget, 'addEventListener' | 'removeEventListener'>>
  target.addEventListener?.('online', wake)
  return () => target.removeEventListener?.('online', wake)
}
