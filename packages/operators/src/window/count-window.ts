import { type Duration, parsePositiveDuration, requireFunction, requireInteger } from '@rxsse/shared'
import type { OperatorFunction, SchedulerLike } from 'rxjs'
import type { AggregateResults, AggregateShape } from '../engine/aggregates/aggregate.ts'
import { AggregateRow } from '../engine/aggregates/aggregate-row.ts'
import { identifyKey, type Key, type Primitive } from '../engine/keyed-state/key.ts'
import type { Eviction } from '../engine/keyed-state/keyed-state.ts'
import type { Part } from '../engine/queues/contiguous-prefix.ts'
import { CountWindows } from '../engine/slices/count-windows.ts'
import type { WindowResult } from '../engine/window-engine.ts'
import { createClock, shiftToDay } from '../stage/clock.ts'
import {
  type EventHandler,
  type OperatorContext,
  operateSerialized,
  type StageOptions,
} from '../stage/operate.ts'
import { requireLimit } from '../stage/require-limit.ts'
import { type OnError, rejectEvent, resolveSideOutput, type SideOutput } from '../stage/side-output.ts'
import type { Aggregates } from './aggregates.ts'
import { createEmit, resolveShape } from './operate-windows.ts'

export interface CountWindowOptions<T, K extends Key, S extends AggregateShape<T>> extends StageOptions {
  /** How many events of a key a window has. */
  readonly size: number
  /** How many events of a key a window starts after the one before. Default: `size`, for windows side by side. */
  readonly every?: number
  /** The values of each window, by name: `(a) => ({ n: a.count(), mean: a.avg((e) => e.price) })`. */
  readonly aggregates: (a: Aggregates<T>) => S
  /** Each key has windows of its own. Default: one key for the whole stream. */
  readonly key?: (event: T) => K
  /** How long a key may have no event. Then its open windows are flushed, and it starts anew. Default: for good. */
  readonly ttl?: Duration
  /** How many keys may have open windows. One more flushes the least recently used key. Default: any number. */
  readonly maxKeys?: number
  /** Takes each key that `ttl` or `maxKeys` has evicted, after its results. */
  readonly onEvicted?: SideOutput<Eviction<K>>
  /** Takes events between two windows, if `every` is larger than `size`. */
  readonly onDropped?: SideOutput<T>
  /** Takes what a callback throws, and the event, which is left out. Default: the stream errors. */
  readonly onError?: OnError<T>
  /** The clock for `ttl`, and its timer. Default: `asyncScheduler`. */
  readonly scheduler?: SchedulerLike
}

/**
 * Aggregates windows of a number of events, by key: every 100 orders, or with `every: 1` the last 100 for each order. Events
 * count in the order in which they come. Put `reorder` above it if that is not the order you want.
 *
 * ```ts
 * trades$.pipe(
 *   countWindow({
 *     size: 100,
 *     every: 10,
 *     key: (trade) => trade.symbol,
 *     aggregates: (a) => ({ mean: a.avg((trade) => trade.price), last: a.last((trade) => trade.price) }),
 *   }),
 * )
 * ```
 *
 * The window of a result is `[start, end)` in numbers of the key's events, counted from 0: no times. Overlap costs nothing extra.
 * A key that has been evicted counts from 0 again, and its results have another `part`.
 *
 * Emits when a window is full.
 * Drops events between two windows, to `onDropped`; unusable ones, to `onError`.
 * Completes when the source completes, after the windows that are not full (`pane: 'flush'`).
 * Unsubscribes from the source at once; open windows are discarded.
 */
export function countWindow<T, S extends AggregateShape<T>, const K extends Key = undefined>(
  options: CountWindowOptions<T, K, S>,
): OperatorFunction<T, WindowResult<K, AggregateResults<S>>> {
  const config = resolveOptions(options)
  return operateSerialized('countWindow', options.stage, (context) => createHandler(context, config))
}

function createHandler<T, K extends Key, S extends AggregateShape<T>>(
  context: OperatorContext<WindowResult<K, AggregateResults<S>>>,
  { shape, selectKey, onError, onDropped, clock, ...windowOptions }: Config<T, K, S>,
): EventHandler<T> {
  const { out, counts, createTimer } = context
  const { tracker } = counts
  tracker?.onStart()
  const row = new AggregateRow<T, AggregateResults<S>>(shape, { atomic: onError !== undefined })
  const windows = new CountWindows<K, AggregateResults<S>, Part<string>>({
    ...windowOptions,
    row,
    emit: createEmit(context),
    onEvicted: (eviction) => {
      // Its last results may have been the last that somebody took.
      if (!out.closed) windowOptions.onEvicted?.(eviction)
    },
    onFinal(events) {
      counts.out += events
    },
    onEmitted(parts) {
      for (const part of parts) tracker?.onSettled(part)
    },
  })
  counts.keys = () => windows.keys
  const hasExpiry = windowOptions.ttl !== Number.POSITIVE_INFINITY
  let arrived = 0
  const timer = createTimer(clock, (now) => {
    windows.expire(now)
    timer.set(windows.nextExpiry)
  })

  return {
    state: {
      shape: { size: windowOptions.size, every: windowOptions.every, aggregates: row.kinds },
      usesClock: hasExpiry,
      sample: (writer) => row.sample(writer),
      *save(writer) {
        writer.number(arrived)
        yield* windows.save(writer, shiftToDay(clock))
      },
      restore(reader) {
        arrived = reader.number()
        windows.load(reader, clock.now(), shiftToDay(clock))
        if (hasExpiry) timer.set(windows.nextExpiry)
      },
    },
    next(event) {
      const part = tracker?.onArrival(event)
      const settle = () => part !== undefined && tracker?.onSettled(part)
      let key: K
      let id: Primitive
      try {
        key = selectKey(event)
        id = identifyKey(key)
        // The order of arrival stands for time, in which `first`, `last` and `collect` are ordered.
        row.read(event, arrived++)
      } catch (error) {
        rejectEvent(counts, onError, error, event)
        settle()
        return
      }
      const outcome = windows.add(key, id, hasExpiry ? clock.now() : 0, part)
      if (hasExpiry && !timer.isSet) timer.set(windows.nextExpiry)
      if (outcome === 'held') return
      counts.dropped++
      onDropped?.(event)
      settle()
    },
    complete() {
      // A job may go on from here, if its source has more events later.
      windows.flush(counts.identify !== undefined)
      out.complete()
    },
  }
}

type Config<T, K extends Key, S extends AggregateShape<T>> = ReturnType<typeof resolveOptions<T, K, S>>

function resolveOptions<T, K extends Key, S extends AggregateShape<T>>(options: CountWindowOptions<T, K, S>) {
  const { ttl, maxKeys = Number.POSITIVE_INFINITY } = options
  const size = requireInteger(options.size, 'countWindow: size', 1)
  return {
    size,
    every: requireInteger(options.every ?? size, 'countWindow: every', 1),
    shape: resolveShape('countWindow', options.aggregates),
    // Without a key function the key is undefined, which is the default of `K`.
    selectKey: requireFunction(options.key ?? (() => undefined as K), 'countWindow: key'),
    ttl: ttl === undefined ? Number.POSITIVE_INFINITY : parsePositiveDuration(ttl, 'countWindow: ttl'),
    maxKeys: requireLimit(maxKeys, 'countWindow: maxKeys', 1),
    onEvicted: resolveSideOutput(options.onEvicted, 'countWindow: onEvicted'),
    onDropped: resolveSideOutput(options.onDropped, 'countWindow: onDropped'),
    onError: options.onError,
    clock: createClock(options.scheduler),
  }
}
