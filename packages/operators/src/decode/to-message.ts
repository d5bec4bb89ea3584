import type { OperatorFunction } from 'rxjs'
import type { SseMessage } from '../event.ts'
import { operate } from '../stage/operate.ts'

export interface ToMessageOptions<T> {
  /** The event type: a constant, or made from the value. Default: none, which readers see as `'message'`. */
  readonly type?: string | ((value: T) => string | undefined)
  /** What is sent. Default: the value itself. */
  readonly data?: (value: T) => unknown
  /** The event's own id; undefined sends none. Default: none. */
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
  const { type, data = (value) => value, id } = options
  const typeOf = typeof type === 'function' ? type : () => type
  return operate((stage) => ({
    next(value) {
      const messageType = typeOf(value)
      const messageId = id?.(value)
      const message: SseMessage = {
        ...(messageType !== undefined && { type: messageType }),
        data: data(value),
        ...(messageId !== undefined && { id: messageId }),
      }
      stage.ledger.out++
      stage.out.next(message)
    },
  }))
}
