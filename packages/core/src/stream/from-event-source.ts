import type { SseEvent } from '@rxsse/shared'
import type { Observable } from 'rxjs'
import { defaultTransport, watchOnline } from '#platform'
import type { UrlInput } from '../request/request-options.ts'
import { createEventStream } from './event-stream.ts'
import { type EventSourceOptions, type Notice, resolveOptions } from './options.ts'

/**
 * An SSE endpoint as an Observable (HTML standard, 9.2 "Server-sent events").
 *
 * Cold: each subscription is one logical stream that outlives its connections. It starts from the url as given, resumes
 * with `Last-Event-ID`, and reconnects after growing, jittered delays. Unsubscribing closes the socket at once.
 *
 * - Emits each event of the stream, once, in order.
 * - Errors with an `EventSourceError` when the stream is over for good. Reconnects show on the `state` observer alone.
 * - Completes on 204, and at the end of the response if `reconnect` is false.
 *
 * In a browser, redirects follow the browser's rules, and a waiting stream reconnects at once when the browser is online again.
 *
 * @throws TypeError that names the option with the wrong value.
 */
export function fromEventSource<const E extends string = string>(
  url: UrlInput,
  options: EventSourceOptions<E> = {},
): Observable<SseEvent<string, E | Notice>> {
  return createEventStream<E | Notice>(resolveOptions(url, options, defaultTransport), watchOnline())
}
