import type { Observable } from 'rxjs'
import type { SseEvent } from './event.ts'
import { eventStream } from './event-stream.ts'
import { type EventSourceOptions, type Notice, resolveOptions, type UrlInput } from './options.ts'
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

export * from './exports.ts'
export { type UndiciTransportOptions, undiciTransport } from './transport/undici.ts'
