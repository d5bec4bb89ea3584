import type { OperatorFunction } from 'rxjs'
import type { SseEvent } from '../event.ts'
import { operate } from '../stage/operate.ts'

/** The events of `S` whose type is one of `E`: the members of a union, or `S` with its type narrowed. */
export type OfType<S extends SseEvent<unknown>, E extends string> = S extends unknown
  ? string extends S['type']
    ? S & { readonly type: E }
    : Extract<S, { readonly type: E }>
  : never

/**
 * Events of the given types. In a union, as `decodeByType` makes one, the others are gone from the type as well, and a
 * type that is not in the union does not compile.
 *
 * Emits when an event's type is one of those given.
 * Drops the others.
 * Completes when the source completes.
 * Unsubscribes from the source at once.
 */
export function ofType<S extends SseEvent<unknown>, const E extends S['type']>(
  ...types: readonly [E, ...E[]]
): OperatorFunction<S, OfType<S, E>> {
  if (types.length === 0) throw new TypeError('ofType needs at least one event type')
  const wanted: ReadonlySet<string> = new Set(types)
  const isWanted = (event: S): event is S & OfType<S, E> => wanted.has(event.type)
  return operate((stage) => ({
    next(event) {
      if (isWanted(event)) {
        stage.ledger.out++
        stage.out.next(event)
      } else stage.ledger.dropped++
    },
  }))
}
