import type { Observable } from 'rxjs'
import type { SseEvent } from './event.ts'
import { eventStream } from './event-stream.ts'
import { type IterateOptions, iterate } from './flow/iterate.ts'
import { type EventSourceOptions, type Notice, resolveOptions, type UrlInput } from './options.ts'
import { type ProbeOptions, type ProbeStep, probe } from './probe.ts'
import { undiciTransport } from './transport/undici.ts'

/**
 * An SSE endpoint as an Observable (HTML standard, 9.2 "Server-sent events").
 *
 * Cold: each subscription is one logical stream that outlives its connections. It starts from the url as given, resumes
 * with `Last-Event-ID`, and reconnects after growing, jittered delays. Unsubscribing closes the socket at once.
 *
 * - Emits each event of the stream, once, in order.
 * - Errors with an `EventSourceError` when the stream is over for good; reconnects show on the `state` observer alone.
 * - Completes on 204, and where `reconnect` is false at the end of the response.
 *
 * @throws TypeError that names the option which has a wrong value.
 */
export function fromEventSource<const E extends string = string>(
  url: UrlInput,
  options: EventSourceOptions<E> = {},
): Observable<SseEvent<string, E | Notice>> {
  return eventStream<E | Notice>(resolveOptions(url, options, undiciTransport), undefined)
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

export { type FileCheckpoint, fileCheckpoint } from './checkpoint/file-checkpoint.ts'
export * from './exports.ts'
export { fetchTransport } from './transport/server-fetch.ts'
export { type UndiciTransportOptions, undiciTransport } from './transport/undici.ts'
