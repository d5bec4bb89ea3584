import type { MonoTypeOperatorFunction } from 'rxjs'
import type { Duration } from '../duration.ts'
import { identityOf, type Key, type Primitive } from '../engine/keyed-state/key.ts'
import { KeyedState } from '../engine/keyed-state/keyed-state.ts'
import { operate } from '../stage/operate.ts'
import { type OnError, reject } from '../stage/reject.ts'
import { type SideOutput, toSideOutput } from '../stage/side-output.ts'
import { type KeyedOptions, keyedOptions } from './keyed-options.ts'

export interface DedupeOptions<T, K extends Key> extends KeyedOptions<K> {
  /** What makes two events the same. */
  readonly key: (event: T) => K
  /** How long a key is remembered, from its first event on: those repeated meanwhile do not count. Default: for good. */
  readonly ttl?: Duration
  /** How many keys are remembered; the one whose first event is the oldest is forgotten first. Default: any number. */
  readonly maxKeys?: number
  /** Where repeated events go. */
  readonly onDropped?: SideOutput<T>
  /** Takes what `key` throws; the event is left out. Default: the stream errors. */
  readonly onError?: OnError<T>
}

/**
 * The first event of each key. After `ttl` the key may come again, and so may one that `maxKeys` others have come after.
 *
 * ```ts
 * fromEventSource(url).pipe(dedupe({ key: (event) => event.lastEventId, ttl: '10m', maxKeys: 100_000 }))
 * ```
 *
 * Emits when an event's key has not come within `ttl`.
 * Drops repeated events, to `onDropped`.
 * Completes when the source completes.
 * Unsubscribes from the source at once; the state is discarded.
 */
export function dedupe<T, K extends Key>(options: DedupeOptions<T, K>): MonoTypeOperatorFunction<T> {
  const { key: keyOf, onError } = options
  const { state, now: clock } = keyedOptions('dedupe', options)
  const onDropped = toSideOutput('dedupe: onDropped', options.onDropped)

  return operate(({ out, ledger }) => {
    const seen = new KeyedState<K, true>(() => true, { ...state, renewOn: 'creation' })
    ledger.keys = () => seen.size
    return {
      next(event) {
        let isNew: boolean
        try {
          const key = keyOf(event)
          const id: Primitive = identityOf(key)
          const now = clock()
          isNew = !seen.has(key, now, id)
          if (isNew) seen.at(key, now, id)
        } catch (error) {
          reject(ledger, onError, error, event)
          return
        }
        if (isNew) {
          ledger.out++
          out.next(event)
        } else {
          ledger.dropped++
          onDropped?.(event)
        }
      },
    }
  })
}
