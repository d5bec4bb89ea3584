import { type Duration, describeValue, optionError, parseDuration, requireFunction } from '@rxsse/shared'
import type { MonoTypeOperatorFunction } from 'rxjs'
import { identifyKey, type Key, type Primitive } from '../engine/keyed-state/key.ts'
import { KeyedState, type StateCodec } from '../engine/keyed-state/keyed-state.ts'
import { createClock } from '../stage/clock.ts'
import { operateAtOnce } from '../stage/operate.ts'
import { type OnError, rejectEvent, resolveSideOutput, type SideOutput } from '../stage/side-output.ts'
import { toMilliseconds } from '../window/event-time.ts'
import { type KeyedOptions, resolveKeyedOptions } from './keyed-options.ts'

export interface DedupeOptions<T, K extends Key> extends KeyedOptions<K> {
  /** Two events with equal keys are duplicates. An undefined key is an error: a missing field would make all events equal. */
  readonly key: (event: T) => K
  /** How long a key is remembered after its first event. Repetitions do not extend it. Default: for good. */
  readonly ttl?: Duration
  /**
   * When an event happened, in milliseconds. Then `ttl` goes by timestamps, and a replay gives what the live stream gave. A key is
   * forgotten when the latest timestamp so far is `ttl` later than that when it came. Default: `ttl` goes by the clock.
   */
  readonly timestamp?: (event: T) => number | Date
  /**
   * With `timestamp`: how far ahead of the clock one may be and still count for `ttl`. Without it, one event with a wrong time in the
   * future makes `ttl` stand still until then. Default: any distance.
   */
  readonly maxFutureDrift?: Duration
  /** How many keys are remembered. The key whose first event is the oldest is evicted first. Default: any number. */
  readonly maxKeys?: number
  /** Takes repeated events. */
  readonly onDropped?: SideOutput<T>
  /** Takes what `key` or `timestamp` throws, and the event, which is left out. Default: the stream errors. */
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
  const { timestamp, onError, stage } = options
  const selectKey = requireFunction(options.key, 'dedupe: key')
  if (timestamp !== undefined) requireFunction(timestamp, 'dedupe: timestamp')
  const { state, now: clock, shift } = resolveKeyedOptions('dedupe', options)
  const { drift, timeOfDay } = resolveDrift(options)
  const onDropped = resolveSideOutput(options.onDropped, 'dedupe: onDropped')

  return operateAtOnce('dedupe', stage, ({ out, counts }) => {
    const { ttl = Number.POSITIVE_INFINITY } = state
    const seen = new KeyedState<K, Seen>(
      timestamp === undefined ? () => BY_CLOCK : () => ({ at: Number.NaN }),
      {
        ...state,
        renewOn: 'creation',
      },
    )
    /** The latest timestamp. Other feeds may be behind it, so it only says what is forgotten. */
    let latest = Number.NEGATIVE_INFINITY
    counts.keys = () => seen.size

    function moveTo(time: number): number {
      if (time - timeOfDay() <= drift) latest = Math.max(latest, time)
      else if (latest === Number.NEGATIVE_INFINITY) latest = timeOfDay()
      return latest
    }

    /** Whether the event is the first of its key within `ttl`. `time` is its timestamp. NaN: there is none. */
    function isFirst(key: K, id: Primitive, time: number): boolean {
      const now = timestamp === undefined ? clock() : moveTo(time)
      if (seen.has(key, now, id)) {
        if (timestamp === undefined || time - seen.at(key, now, id).at < ttl) return false
        seen.delete(key, id)
      }
      const created = seen.at(key, now, id)
      if (timestamp !== undefined) created.at = time
      return true
    }

    return {
      state: {
        shape: { timestamp: timestamp !== undefined },
        usesClock: timestamp === undefined ? options.ttl !== undefined : options.maxFutureDrift !== undefined,
        *save(writer) {
          writer.number(latest)
          yield* seen.save(writer, SEEN, timestamp === undefined ? shift() : 0)
        },
        restore(reader) {
          latest = reader.number()
          if (timestamp === undefined) seen.load(reader, SEEN, clock(), shift())
          else seen.load(reader, SEEN, latest)
        },
      },
      next(event) {
        let key: K
        let id: Primitive
        let time = Number.NaN
        try {
          key = selectKey(event)
          id = identifyKey(key)
          if (key === undefined) throw new TypeError('dedupe: the key of an event must not be undefined')
          if (timestamp !== undefined) time = requireTime(timestamp(event))
        } catch (error) {
          rejectEvent(counts, onError, error, event)
          return
        }
        if (isFirst(key, id, time)) {
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

function requireTime(time: number | Date): number {
  const milliseconds = toMilliseconds(time)
  if (!Number.isNaN(milliseconds)) return milliseconds
  throw new TypeError(
    `dedupe: the timestamp must be a finite number or a valid Date within ±8.64e15, not ${describeValue(time)}`,
  )
}

/** The clock that timestamps are compared with, and how far they may be ahead of it. Without a bound no clock is read. */
function resolveDrift<T, K extends Key>({ timestamp, maxFutureDrift, scheduler }: DedupeOptions<T, K>) {
  if (maxFutureDrift === undefined) return { drift: Number.POSITIVE_INFINITY, timeOfDay: () => 0 }
  if (timestamp === undefined)
    throw optionError('dedupe: maxFutureDrift', 'left out without timestamp', maxFutureDrift)
  return {
    drift: parseDuration(maxFutureDrift, 'dedupe: maxFutureDrift'),
    timeOfDay: createClock(scheduler).latestTimeOfDay,
  }
}

/** The timestamp of the event of a key that has passed. */
interface Seen {
  at: number
}

/** Without timestamps it is enough that a key has come. */
const BY_CLOCK: Seen = { at: Number.NaN }

const SEEN: StateCodec<Seen> = {
  write: ({ at }, writer) => writer.number(at),
  read(state, reader) {
    const at = reader.number()
    return state === BY_CLOCK ? state : { at }
  },
}
