import { optionError, requireFunction } from '@rxsse/shared'
import type { OperatorFunction } from 'rxjs'
import { identifyKey, type Key, type Primitive } from '../engine/keyed-state/key.ts'
import { KeyedState, type StateCodec } from '../engine/keyed-state/keyed-state.ts'
import { operateAtOnce } from '../stage/operate.ts'
import { rejectEvent } from '../stage/side-output.ts'
import { holdThreshold } from './hold-threshold.ts'
import { resolveKeyedOptions } from './keyed-options.ts'
import { Levels, requireValue } from './levels.ts'
import type { LevelEvent, ThresholdOptions } from './threshold-options.ts'

/**
 * Adds the level that each event's value has reached: SQL's `CASE WHEN value >= 90 THEN 'critical' ...`, with hysteresis.
 *
 * ```ts
 * metrics$.pipe(
 *   threshold({ key: (m) => m.host, value: (m) => m.cpu, levels: { warning: 75, critical: 90 }, hysteresis: 5, changesOnly: true }),
 * )
 * ```
 *
 * With `for` a level counts once the values of a key have stayed at it, or beyond it, for that long: in event time with
 * `timestamp`, else by the clock. A value stays until the next one of its key. The change is emitted when the watermark or the
 * clock gets there, with the key's latest event. Out of order events of a key are late: put `reorder` above if there are some.
 * A level that has not held long enough when the stream completes, or when its key is evicted, does not count.
 *
 * Emits when the source emits; with `changesOnly`, when a key's level changes; with `for`, also when a level has held.
 * Drops, with `changesOnly`, events that change no level; with `for`, late events, to `late`.
 * Completes when the source completes.
 * Unsubscribes from the source at once; the state is discarded.
 */
export function threshold<
  T,
  const L extends string,
  K extends Key = undefined,
  const B extends string = 'normal',
>(options: ThresholdOptions<T, K, L, B>): OperatorFunction<T, LevelEvent<T, L | B>> {
  const { changesOnly = false } = options
  if (typeof changesOnly !== 'boolean') {
    throw optionError('threshold: changesOnly', 'true or false', changesOnly)
  }
  if (options.for !== undefined) return holdThreshold(options, options.for)
  for (const name of EVENT_TIME_OPTIONS) {
    if (options[name] !== undefined)
      throw optionError(`threshold: ${name}`, 'left out without for', options[name])
  }
  const { onError, stage } = options
  const selectValue = requireFunction(options.value, 'threshold: value')
  const levels = new Levels(options)
  const { state, now, shift } = resolveKeyedOptions('threshold', options)
  const selectKey = requireFunction(options.key ?? (() => undefined as K), 'threshold: key')

  return operateAtOnce('threshold', stage, ({ out, counts }) => {
    const states = new KeyedState<K, Level>(() => ({ level: 0 }), state)
    counts.keys = () => states.size
    return {
      state: {
        shape: levels.shape,
        usesClock: options.ttl !== undefined,
        save: (writer) => states.save(writer, LEVEL, shift()),
        restore: (reader) => states.load(reader, LEVEL, now(), shift()),
      },
      next(event) {
        let value: number
        let key: K
        let id: Primitive
        try {
          value = requireValue(selectValue(event))
          key = selectKey(event)
          id = identifyKey(key)
        } catch (error) {
          rejectEvent(counts, onError, error, event)
          return
        }
        const current = states.at(key, now(), id)
        const from = current.level
        const to = levels.find(value, from)
        current.level = to
        if (changesOnly && from === to) {
          counts.dropped++
          return
        }
        counts.out++
        out.next({ event, level: levels.name(to), previous: levels.name(from) })
      },
    }
  })
}

/** These say what time is, and without `for` there is none. */
const EVENT_TIME_OPTIONS = [
  'timestamp',
  'maxOutOfOrderness',
  'idle',
  'maxFutureDrift',
  'progress',
  'feed',
  'late',
  'onInvalid',
] as const

interface Level {
  level: number
}

const LEVEL: StateCodec<Level> = {
  write: ({ level }, writer) => writer.number(level),
  read: (_, reader) => ({ level: reader.number() }),
}
