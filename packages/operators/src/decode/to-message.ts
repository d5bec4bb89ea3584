import type { SseMessage } from '@rxsse/shared'
import type { OperatorFunction } from 'rxjs'
import { operateAtOnce, type StageOptions } from '../stage/operate.ts'

export interface ToMessageOptions<T> extends StageOptions {
  /** The event type, or a function that returns it. Default: none, which readers see as `'message'`. */
  readonly type?: string | ((value: T) => string | undefined)
  /** The message's data. Default: the value itself. */
  readonly data?: (value: T) => unknown
  /** The event's ID. Undefined sends none. Default: none. */
  readonly id?: (value: T) => string | undefined
}

/**
 * Turns values into messages that a sink sends.
 *
 * ```ts
 * quakesAnHour$.pipe(toMessage({ type: 'quakes', id: (w) => `${w.window.end}` })).subscribe(sink)
 * ```
 *
 * Emits when the source emits.
 * Drops nothing.
 * Completes when the source completes.
 * Unsubscribes from the source at once.
 */
export function toMessage<T>(options: ToMessageOptions<T> = {}): OperatorFunction<T, SseMessage> {
  const { type, data: selectData = (value) => value, id: selectId, stage } = options
  const selectType = typeof type === 'function' ? type : () => type
  return operateAtOnce('toMessage', stage, (context) => ({
    next(value) {
      const messageType = selectType(value)
      const messageId = selectId?.(value)
      const message: SseMessage = {
        ...(messageType !== undefined && { type: messageType }),
        data: selectData(value),
        ...(messageId !== undefined && { id: messageId }),
      }
      context.counts.out++
      context.out.next(message)
    },
  }))
}
