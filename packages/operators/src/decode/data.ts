import type { OperatorFunction } from 'rxjs'
import type { SseEvent } from '../event.ts'
import { operate } from '../stage/operate.ts'

/**
 * Each event's data, without the event around it.
 *
 * Emits when the source emits.
 * Drops nothing.
 * Completes when the source completes.
 * Unsubscribes from the source at once.
 */
export function data<T>(): OperatorFunction<SseEvent<T>, T> {
  return operate((stage) => ({
    next(event) {
      stage.ledger.out++
      stage.out.next(event.data)
    },
  }))
}
