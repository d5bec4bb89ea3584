import type { SseEvent } from '@rxsse/shared'
import type { OperatorFunction } from 'rxjs'
import { operateAtOnce, type StageOptions } from '../stage/operate.ts'

/**
 * Replaces each event by its data.
 *
 * Emits when the source emits.
 * Drops nothing.
 * Completes when the source completes.
 * Unsubscribes from the source at once.
 */
export function data<T>(options: StageOptions = {}): OperatorFunction<SseEvent<T>, T> {
  return operateAtOnce('data', options.stage, (context) => ({
    next(event) {
      context.counts.out++
      context.out.next(event.data)
    },
  }))
}
