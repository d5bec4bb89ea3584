import type { SseMessage } from '@rxsse/shared'
import type { OperatorFunction } from 'rxjs'
import { operateAtOnce, type StageOptions } from '../stage/operate.ts'

export interface ToMessageOptions<T, E extends string | undefined = string | undefined, D = unknown>
  extends StageOptions {
  /** The event type, or a function that returns it. Default: none, which readers see as `'message'`. */
  readonly type?: E | ((value: T) => E)
  /** The message's data. Default: the value itself. */
  readonly data?: (value: T) => D
  /** The event's ID. Undefined sends none. Default: none. */
  readonly id?: (value: T) => string | undefined
}

/** A message with the type `E`. Without a type it has none. */
export type MessageWith<E extends string | undefined, D> = [E] extends [undefined]
  ? { readonly data: D; readonly id?: string }
  : undefined extends E
    ? { readonly type?: Exclude<E, undefined>; readonly data: D; readonly id?: string }
    : { readonly type: E; readonly data: D; readonly id?: string }

/**
 * Turns values into messages that a sink sends. The result has the type of its `type` and `data`, so it fits a sink with typed
 * events, and the `MessageEvent` of NestJS.
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
export function toMessage<T, const E extends string | undefined = undefined, D = T>(
  options: ToMessageOptions<T, E, D> = {},
): OperatorFunction<T, MessageWith<E, D>> {
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
      // The type is one that `selectType` returns, and the data what `selectData` returns.
      context.out.next(message as MessageWith<E, D>)
    },
  }))
}
