import { optionError, type SseEvent } from '@rxsse/shared'
import type { MonoTypeOperatorFunction } from 'rxjs'
import { operateAtOnce, type StageOptions } from '../stage/operate.ts'

/**
 * Ends the stream at the event that says so, as LLM APIs send one: its data is `marker`, or the function returns true.
 * The event itself is not emitted. Put it above a decoder, because the marker seldom fits the schema.
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
  options: StageOptions = {},
): MonoTypeOperatorFunction<S> {
  if (typeof marker !== 'string' && typeof marker !== 'function') {
    throw optionError('completeOn: marker', 'a string or a function', marker)
  }
  const isMarker = typeof marker === 'function' ? marker : (event: S) => event.data === marker
  return operateAtOnce('completeOn', options.stage, ({ out, counts }) => ({
    next(event) {
      if (isMarker(event)) {
        counts.dropped++
        out.complete()
        return
      }
      counts.out++
      out.next(event)
    },
  }))
}
