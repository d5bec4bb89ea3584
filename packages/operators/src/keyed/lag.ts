import { requireFunction, requireInteger } from '@rxsse/shared'
import type { OperatorFunction } from 'rxjs'
import { identifyKey, type Key, type Primitive } from '../engine/keyed-state/key.ts'
import { KeyedState, type StateCodec } from '../engine/keyed-state/keyed-state.ts'
import { operateAtOnce } from '../stage/operate.ts'
import { type OnError, rejectEvent } from '../stage/side-output.ts'
import { type KeyedOptions, resolveKeyedOptions } from './keyed-options.ts'

export interface LagOptions<T, K extends Key> extends KeyedOptions<K> {
  /** An event is compared with an earlier event of the same key. Default: one key for the whole stream. */
  readonly key?: (event: T) => K
  /** How many events back. Default: 1. */
  readonly offset?: number
  /**
   * Takes what `key` or `project` throws, and the event, which emits nothing. If `project` threw, later events are still
   * compared with this event, so one bad event spoils one comparison. Default: the stream errors.
   */
  readonly onError?: OnError<T>
}

/**
 * Combines each event with an earlier event of its key: SQL's `LAG(...) OVER (PARTITION BY ...)`, by order of arrival.
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
  const { onError, stage } = options
  const offset = requireInteger(options.offset ?? 1, 'lag: offset', 1)
  const { state, now, shift } = resolveKeyedOptions('lag', options)
  const selectKey = requireFunction(options.key ?? (() => undefined as K), 'lag: key')
  requireFunction(project, 'lag: project')

  return operateAtOnce('lag', stage, ({ out, counts }) => {
    const histories = new KeyedState<K, History<T>>(() => ({ ring: [], next: 0 }), state)
    counts.keys = () => histories.size
    return {
      state: {
        shape: { offset },
        usesClock: options.ttl !== undefined,
        save: (writer) => histories.save(writer, HISTORY, shift()),
        restore: (reader) => histories.load(reader, HISTORY, now(), shift()),
      },
      next(event) {
        let key: K
        let id: Primitive
        try {
          key = selectKey(event)
          id = identifyKey(key)
        } catch (error) {
          rejectEvent(counts, onError, error, event)
          return
        }
        const history = histories.at(key, now(), id)
        const previous = history.ring[history.next]
        history.ring[history.next] = event
        history.next = (history.next + 1) % offset
        let result: R
        try {
          result = project(event, previous)
        } catch (error) {
          rejectEvent(counts, onError, error, event)
          return
        }
        counts.out++
        out.next(result)
      },
    }
  })
}

/** The last `offset` events as a ring buffer. */
interface History<T> {
  readonly ring: T[]
  /** The position of the oldest event, which is overwritten next. */
  next: number
}

const HISTORY: StateCodec<History<never>> = {
  write({ ring, next }, writer) {
    writer.value(ring)
    writer.number(next)
  },
  read: (_, reader) => ({ ring: reader.value(), next: reader.number() }),
}
