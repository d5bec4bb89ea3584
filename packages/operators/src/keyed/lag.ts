import type { OperatorFunction } from 'rxjs'
import type { Key } from '../engine/keyed-state/key.ts'
import { KeyedState } from '../engine/keyed-state/keyed-state.ts'
import { shapeOf } from '../shape.ts'
import { operate } from '../stage/operate.ts'
import { type OnError, reject } from '../stage/reject.ts'
import { type KeyedOptions, keyedOptions } from './keyed-options.ts'

export interface LagOptions<T, K extends Key> extends KeyedOptions<K> {
  /** What an event is compared within. Default: the whole stream. */
  readonly key?: (event: T) => K
  /** How many events back. Default: 1. */
  readonly offset?: number
  /**
   * Takes what `key` or `project` throws; nothing is emitted for the event. Where `project` threw, it is still an earlier event to those after it:
   * one that nothing compares with spoils one comparison, and not its key for good. Default: the stream errors.
   */
  readonly onError?: OnError<T>
}

/**
 * Each event together with an earlier one of the same key: SQL's `LAG(...) OVER (PARTITION BY ...)`, by order of arrival.
 *
 * ```ts
 * prices$.pipe(
 *   lag({ key: (p) => p.symbol }, (now, before) => ({ ...now, change: before ? now.price / before.price - 1 : 0 })),
 *   filter((p) => Math.abs(p.change) > 0.05),
 * )
 * ```
 *
 * Emits when the source emits; `previous` is undefined for a key's first `offset` events.
 * Drops nothing.
 * Completes when the source completes.
 * Unsubscribes from the source at once; the state is discarded.
 */
export function lag<T, R, K extends Key = undefined>(
  options: LagOptions<T, K>,
  project: (current: T, previous: T | undefined) => R,
): OperatorFunction<T, R> {
  const { offset = 1, onError } = options
  if (!(Number.isInteger(offset) && offset >= 1))
    throw new RangeError(`lag: offset must be a whole number above 0, not ${shapeOf(offset)}`)
  const { state, now } = keyedOptions('lag', options)
  const keyOf = options.key ?? (() => undefined as K)

  return operate(({ out, ledger }) => {
    const histories = new KeyedState<K, History<T>>(() => ({ ring: [], next: 0 }), state)
    ledger.keys = () => histories.size
    return {
      next(event) {
        let result: R
        try {
          const history = histories.at(keyOf(event), now())
          const previous = history.ring[history.next]
          history.ring[history.next] = event
          history.next = (history.next + 1) % offset
          result = project(event, previous)
        } catch (error) {
          reject(ledger, onError, error, event)
          return
        }
        ledger.out++
        out.next(result)
      },
    }
  })
}

/** The last `offset` events, of which the oldest is the next to be overwritten. */
interface History<T> {
  readonly ring: T[]
  next: number
}
