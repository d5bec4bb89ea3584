import type { SseEvent } from '@rxsse/shared'
import type { Observable } from 'rxjs'
import type { UrlInput } from '../request/request-options.ts'
import type { Notice } from '../stream/options.ts'
import { resolveSharedOptions } from './resolve-shared-options.ts'
import type { SharedEventSourceOptions } from './shared-options.ts'
import { createSharedStream } from './shared-stream.ts'
import { findWebPlatform } from './web-platform.ts'

/**
 * An SSE endpoint as an Observable, over one connection for all tabs of an origin.
 *
 * One tab holds the connection and passes everything on to the others. If it closes, crashes, hangs or is frozen, another one
 * continues from the last event ID. Each subscription counts as a tab.
 *
 * - Emits each event of the stream from the subscription on, once, in order. With `lastEventId`, the events after that ID too.
 * - Errors with an `EventSourceError` when the stream is over for good, in all tabs. An option that differs from those of the other
 *   tabs is the error `options-differ`, in the tab that came later.
 * - Completes in all tabs on 204. Each tab completes with the event for which its `until` is true.
 *
 * Without IDs, a hand-over can lose events, which the `warnings` observer is told. Where Web Locks or `BroadcastChannel` are
 * missing, and on servers, each subscription has a connection of its own. Its states then have the role `unshared`.
 *
 * @throws TypeError that names the option with the wrong value.
 */
export function sharedEventSource<const E extends string = string>(
  url: UrlInput,
  options: SharedEventSourceOptions<E> = {},
): Observable<SseEvent<string, E | Notice>> {
  const shared = resolveSharedOptions(url, options)
  // The cast is sound: the decoder filters out every type that is not in E.
  return createSharedStream(shared, findWebPlatform()) as Observable<SseEvent<string, E | Notice>>
}
