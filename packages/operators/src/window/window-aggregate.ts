import {
  type Duration,
  optionError,
  parseDuration,
  parsePositiveDuration,
  requireNumber,
} from '@rxsse/shared'
import type { OperatorFunction } from 'rxjs'
import type { AggregateResults, AggregateShape } from '../engine/aggregates/aggregate.ts'
import { AggregateRow } from '../engine/aggregates/aggregate-row.ts'
import { identifyKey, type Key, type Primitive } from '../engine/keyed-state/key.ts'
import type { Eviction } from '../engine/keyed-state/keyed-state.ts'
import { SessionWindows } from '../engine/sessions/session-windows.ts'
import { AlignedWindows } from '../engine/slices/aligned-windows.ts'
import { CalendarGrid } from '../engine/slices/calendar-grid.ts'
import { WindowGrid } from '../engine/slices/window-grid.ts'
import type { WindowEngine, WindowEngineOptions, WindowResult } from '../engine/window-engine.ts'
import type { Counts } from '../stage/counts.ts'
import { emitResult } from '../stage/follow.ts'
import { type EventHandler, type OperatorContext, operateSerialized } from '../stage/operate.ts'
import { rejectEvent, resolveSideOutput, type SideOutput } from '../stage/side-output.ts'
import { type Aggregates, getAggregates } from './aggregates.ts'
import { type EventTimeOptions, resolveEventTime } from './event-time.ts'
import { Finality } from './finality.ts'
import type { WindowSpec } from './spec.ts'
import { createWatermarkSource } from './watermark-source.ts'

export interface WindowAggregateOptions<T, K extends Key, S extends AggregateShape<T>>
  extends EventTimeOptions<T> {
  /** The values of each window, by name: `(a) => ({ n: a.count(), mean: a.avg((e) => e.price) })`. */
  readonly aggregates: (a: Aggregates<T>) => S
  /** Each key has results of its own. Default: one result for each window, with the key undefined. */
  readonly key?: (event: T) => K
  /** How long a window takes events after its end, each with a new result. Default: 0. */
  readonly allowedLateness?: Duration
  /** How often open windows that have changed emit an early result. Default: never. */
  readonly early?: Duration
  /** How many keys may have open windows. One more flushes the least recently used key. Default: any number. */
  readonly maxKeys?: number
  /** Takes events between two windows, if `every` is longer than `size`. */
  readonly onDropped?: SideOutput<T>
  /** Takes each key that `maxKeys` has evicted, after its results. */
  readonly onEvicted?: SideOutput<Eviction<K>>
}

/**
 * Aggregates the events of each window, by key: SQL's `GROUP BY TUMBLE(...)`, in event time.
 *
 * ```ts
 * quakes$.pipe(
 *   windowAggregate(tumbling('1h'), {
 *     timestamp: (quake) => quake.time,
 *     maxOutOfOrderness: '30s',
 *     key: (quake) => Math.floor(quake.magnitude),
 *     aggregates: (a) => ({ n: a.count(), strongest: a.max((quake) => quake.magnitude) }),
 *   }),
 * )
 * ```
 *
 * The watermark is the latest timestamp minus `maxOutOfOrderness`, and never falls. An event is added first. Then every
 * window fires whose end the watermark has reached, ordered by end, then by the key that came first. An event is late for
 * a window if the watermark has reached the window's end plus `allowedLateness`. Windows without events give no result.
 *
 * Emits when the watermark reaches a window's end; early and late results as the options say; the rest at completion.
 * Drops events that are late for all their windows, to `late`; unusable ones, to `onInvalid` and `onError`.
 * Completes when the source completes, after the open windows' results (`pane: 'flush'`).
 * Unsubscribes from the source at once; open windows are discarded.
 */
export function windowAggregate<T, S extends AggregateShape<T>, K extends Key = undefined>(
  spec: WindowSpec,
  options: WindowAggregateOptions<T, K, S>,
): OperatorFunction<T, WindowResult<K, AggregateResults<S>>> {
  const config = resolveOptions(spec, options)
  return operateSerialized('windowAggregate', options.stage, (context) => createHandler(context, config))
}

function createHandler<T, K extends Key, S extends AggregateShape<T>>(
  context: OperatorContext<WindowResult<K, AggregateResults<S>>>,
  config: Config<T, K, S>,
): EventHandler<T> {
  const { out, counts, createTimer } = context
  const finality = counts.tracker === undefined ? undefined : new Finality(counts.tracker)
  const { time, selectKey, early } = config
  const row = new AggregateRow<T, AggregateResults<S>>(config.shape, { atomic: time.onError !== undefined })
  const { watermark, readFeed, observe, setTimer } = createWatermarkSource(context, time, {
    advance() {
      windows.advance()
      finality?.settle(windows)
    },
    next: () => windows.next(),
  })
  const windows: WindowEngine<K> = config.createEngine({
    row,
    watermark,
    allowedLateness: config.allowedLateness,
    maxKeys: config.maxKeys,
    early: early !== undefined,
    emit:
      finality === undefined
        ? (result) => out.next(result)
        : (result) => {
            finality.hasFired ||= result.pane !== 'early'
            emitResult(counts, out, result)
          },
    onFinal: (events) => {
      counts.out += events
    },
    onEvicted: config.onEvicted,
  })
  counts.keys = () => windows.keys

  const drop = createDrop(counts, config)
  const earlyTimer = createTimer(time.clock, () => windows.early())

  function setEarlyTimer(interval: number): void {
    if (!earlyTimer.isSet) earlyTimer.set(time.clock.now() + interval)
  }

  return {
    next(event) {
      finality?.onArrival(event)
      let timestamp: number
      let key: K
      let id: Primitive
      try {
        timestamp = time.timestamp(event)
        key = selectKey(event)
        id = identifyKey(key)
        readFeed?.(event)
        row.read(event, timestamp)
      } catch (error) {
        rejectEvent(counts, time.onError, error, event)
        finality?.settleNewest()
        return
      }
      if (!Number.isFinite(timestamp)) {
        drop(event, 'invalid')
        finality?.settleNewest()
        return
      }
      const outcome = windows.add(key, id, timestamp)
      if (outcome !== 'held') drop(event, outcome)
      else if (early !== undefined) setEarlyTimer(early)
      observe(timestamp)
      windows.advance()
      if (finality !== undefined) {
        if (outcome === 'held') finality.hold(timestamp)
        else finality.settleNewest()
        finality.settle(windows)
      }
      if (setTimer !== undefined) setTimer()
    },
    complete() {
      windows.flush()
      finality?.settle(windows)
      out.complete()
    },
  }
}

/** Creates the function that counts an event without a window, and passes it to its side output. */
function createDrop<T>(
  counts: Counts,
  { time, onDropped }: Pick<Config<T, Key, AggregateShape<T>>, 'time' | 'onDropped'>,
) {
  return (event: T, reason: 'invalid' | 'late' | 'outside') => {
    if (reason === 'invalid') {
      counts.rejected++
      time.onInvalid?.(event)
    } else if (reason === 'late') {
      counts.late++
      time.late?.(event)
    } else {
      counts.dropped++
      onDropped?.(event)
    }
  }
}

type Config<T, K extends Key, S extends AggregateShape<T>> = ReturnType<typeof resolveOptions<T, K, S>>

function resolveOptions<T, K extends Key, S extends AggregateShape<T>>(
  spec: WindowSpec,
  options: WindowAggregateOptions<T, K, S>,
) {
  const { allowedLateness = 0, early, maxKeys = Number.POSITIVE_INFINITY } = options
  const shape = options.aggregates(getAggregates<T>())
  if (typeof shape !== 'object' || shape === null || Object.keys(shape).length === 0) {
    throw optionError('windowAggregate: the result of aggregates', 'an object with an aggregate', shape)
  }
  for (const [name, aggregate] of Object.entries(shape)) {
    if (typeof aggregate?.merge !== 'function') {
      throw optionError(`windowAggregate: aggregates.${name}`, 'an aggregate such as a.count()', aggregate)
    }
  }
  return {
    time: resolveEventTime('windowAggregate', options),
    // Without a key function the key is undefined, which is the default of `K`.
    selectKey: options.key ?? (() => undefined as K),
    shape,
    createEngine: resolveEngine<K, AggregateResults<S>>(spec),
    maxKeys: requireNumber(maxKeys, 'windowAggregate: maxKeys', 1),
    allowedLateness: parseDuration(allowedLateness, 'windowAggregate: allowedLateness'),
    early: early === undefined ? undefined : parsePositiveDuration(early, 'windowAggregate: early'),
    onDropped: resolveSideOutput(options.onDropped, 'windowAggregate: onDropped'),
    onEvicted: resolveSideOutput(options.onEvicted, 'windowAggregate: onEvicted'),
  }
}

type EngineFactory<K, R> = (options: WindowEngineOptions<K, R>) => WindowEngine<K>

function resolveEngine<K extends Key, R>(spec: WindowSpec): EngineFactory<K, R> {
  if (spec?.kind === 'session') return (options) => new SessionWindows(spec.gap, spec.maxDuration, options)
  if (spec?.kind === 'calendar') {
    return (options) => new AlignedWindows(new CalendarGrid(spec.calendar), options)
  }
  if (spec?.kind !== 'tumbling' && spec?.kind !== 'hopping') {
    throw optionError('windowAggregate: spec', 'tumbling(...), hopping(...) or session(...)', spec)
  }
  const grid = new WindowGrid(spec.size, spec.every, spec.offset)
  return (options) => new AlignedWindows(grid, options)
}
