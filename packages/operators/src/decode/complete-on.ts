import type { MonoTypeOperatorFunction } from 'rxjs'
import type { SseEvent } from '../event.ts'
import { shapeOf } from '../shape.ts'
import { operate } from '../stage/operate.ts'

/**
 * Completes at the event that says the stream is over, as LLM interfaces send one: its data is `marker`, or the test
 * says so. The event itself is not emitted. Put it above a decoder, for the marker is seldom what the schema expects.
 *
 * ```ts
 * fromEventSource(url, { method: 'POST', body, reconnect: false }).pipe(completeOn('[DONE]'), decode(Chunk))
 * ```
 *
 * Emits when the source emits, up to the marker.
 * Drops the marker.
 * Completes when the marker comes, or the source completes.
 * Unsubscribes from the source at the marker.
 */
export function completeOn<S extends SseEvent<unknown>>(
  marker: string | ((event: S) => boolean),
): MonoTypeOperatorFunction<S> {
  if (typeof marker !== 'string' && typeof marker !== 'function') {
    throw new TypeError(`completeOn: the marker must be a string or a function, not ${shapeOf(marker)}`)
  }
  const isMarker = typeof marker === 'function' ? marker : (event: S) => event.data === marker
  return operate(({ out, ledger }) => ({
    next(event) {
      if (isMarker(event)) {
        ledger.dropped++
        out.complete()
        return
      }
      ledger.out++
      out.next(event)
    },
  }))
}
