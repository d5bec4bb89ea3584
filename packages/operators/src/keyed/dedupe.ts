import type { Duration } from '@rxsse/shared'
import type { MonoTypeOperatorFunction } from 'rxjs'
import { identifyKey, type Key, type Primitive } from '../engine/keyed-state/key.ts'
import { KeyedState } from '../engine/keyed-state/keyed-state.ts'
import { operateAtOnce } from '../stage/operate.ts'
import { type OnError, rejectEvent, resolveSideOutput, type SideOutput } from '../stage/side-output.ts'
import { type KeyedOptions, resolveKeyedOptions } from './keyed-options.ts'

export interface DedupeOptions<T, K extends Key> extends KeyedOptions<K> {
  /** Two events with equal keys are duplicates. */
  readonly key: (event: T) => K
  /** How long a key is remembered after its first event. Repetitions do not extend it. Default: for good. */
  readonly ttl?: Duration
  /** How many keys are remembered. The key whose first event is the oldest is evicted first. Default: any number. */
  readonly maxKeys?: number
  /** Takes repeated events. */
  readonly onDropped?: SideOutput<T>
  /** Takes what `key` throws, and the event, which is left out. Default: the stream errors. */
  readonly onError?: OnError<T>
}

/**
 * Passes on the first event of each key. A key may come again after `ttl`, or after `maxKeys` other keys.
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
  const { key: selectKey, onError, stage } = options
  const { state, now: clock } = resolveKeyedOptions('dedupe', options)
  const onDropped = resolveSideOutput(options.onDropped, 'dedupe: onDropped')

  return operateAtOnce('dedupe', stage, ({ out, counts }) => {
    const seen = new KeyedState<K, true>(() => true, { ...state, renewOn: 'creation' })
    counts.keys = () => seen.size
    return {
      next(event) {
        let isNew: boolean
        try {
          const key = selectKey(event)
          const id: Primitive = identifyKey(key)
          const now = clock()
          isNew = !seen.has(key, now, id)
          if (isNew) seen.at(key, now, id)
        } catch (error) {
          rejectEvent(counts, onError, error, event)
          return
        }
        if (isNew) {
          counts.out++
          out.next(event)
        } else {
          counts.dropped++
          onDropped?.(event)
        }
      },
    }
  })
}
