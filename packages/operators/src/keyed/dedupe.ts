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
   * When an event happened, in milliseconds. Then `ttl` goes by the latest timestamp so far, and a replay gives what the live stream
   * gave. Default: `ttl` goes by the clock.
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
  const { state, now: clock, shift } = resolveKeyedOptions('dedupe', options)
  const { drift, timeOfDay } = resolveDrift(options)
  const onDropped = resolveSideOutput(options.onDropped, 'dedupe: onDropped')

  return operateAtOnce('dedupe', stage, ({ out, counts }) => {
    const seen = new KeyedState<K, true>(() => true, { ...state, renewOn: 'creation' })
    let latest = Number.NEGATIVE_INFINITY
    counts.keys = () => seen.size

    function readTime(event: T): number {
      if (timestamp === undefined) return clock()
      const time = requireTime(timestamp(event))
      if (time > latest && time - timeOfDay() <= drift) latest = time
      return latest
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
        let now: number
        try {
          key = selectKey(event)
          id = identifyKey(key)
          if (key === undefined) throw new TypeError('dedupe: the key of an event must not be undefined')
          now = readTime(event)
        } catch (error) {
          rejectEvent(counts, onError, error, event)
          return
        }
        const isNew = !seen.has(key, now, id)
        if (isNew) seen.at(key, now, id)
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

/** A key that has come is all that is kept. */
const SEEN: StateCodec<true> = { write() {}, read: (state) => state }
