import type { SseEvent } from '@rxsse/shared'
import type { OperatorFunction } from 'rxjs'
import { operateAtOnce, type StageOptions } from '../stage/operate.ts'

/** The events of `S` whose type is one of `E`: the members of a union, or `S` with its type narrowed. */
export type OfType<S extends SseEvent<unknown>, E extends string> = S extends unknown
  ? string extends S['type']
    ? S & { readonly type: E }
    : Extract<S, { readonly type: E }>
  : never

/**
 * Passes on events of the given types. In a union, such as that of `decodeByType`, the other members are removed from the
 * type too, and an unknown type does not compile. Pass the types as arguments, or as one list, which options may follow.
 *
 * Emits when an event's type is one of those given.
 * Drops the others.
 * Completes when the source completes.
 * Unsubscribes from the source at once.
 */
export function ofType<S extends SseEvent<unknown>, const E extends S['type']>(
  ...types: readonly [E, ...E[]]
): OperatorFunction<S, OfType<S, E>>
export function ofType<S extends SseEvent<unknown>, const E extends S['type']>(
  types: readonly [E, ...E[]],
  options?: StageOptions,
): OperatorFunction<S, OfType<S, E>>
export function ofType<S extends SseEvent<unknown>, const E extends S['type']>(
  ...args: readonly E[] | readonly [readonly E[], StageOptions?]
): OperatorFunction<S, OfType<S, E>> {
  const [types, { stage } = {}] = isList(args) ? args : [args]
  if (types.length === 0) throw new TypeError('ofType needs at least one event type')
  const wanted: ReadonlySet<string> = new Set(types)
  const isWanted = (event: S): event is S & OfType<S, E> => wanted.has(event.type)
  return operateAtOnce('ofType', stage, (context) => ({
    next(event) {
      if (isWanted(event)) {
        context.counts.out++
        context.out.next(event)
      } else context.counts.dropped++
    },
  }))
}

function isList<E>(
  args: readonly E[] | readonly [readonly E[], StageOptions?],
): args is readonly [readonly E[], StageOptions?] {
  return Array.isArray(args[0])
}
