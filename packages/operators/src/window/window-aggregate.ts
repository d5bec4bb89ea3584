import type { OperatorFunction } from 'rxjs'
import { type Duration, milliseconds, positiveMilliseconds } from '../duration.ts'
import type { AggregateResults, AggregateShape } from '../engine/aggregates/aggregate.ts'
import { AggregateRow } from '../engine/aggregates/aggregate-row.ts'
import { identityOf, type Key, type Primitive } from '../engine/keyed-state/key.ts'
import type { Eviction } from '../engine/keyed-state/keyed-state.ts'
import { SessionWindows } from '../engine/sessions/session-windows.ts'
import { AlignedWindows } from '../engine/slices/aligned-windows.ts'
import { WindowGrid } from '../engine/slices/window-grid.ts'
import { Watermark } from '../engine/watermark.ts'
import type { WindowEngine, WindowEngineOptions, WindowResult } from '../engine/window-engine.ts'
import { shapeOf } from '../shape.ts'
import { operateInTurn } from '../stage/operate.ts'
import { reject } from '../stage/reject.ts'
import { type SideOutput, toSideOutput } from '../stage/side-output.ts'
import { type Aggregates, aggregatesOf } from './aggregates.ts'
import { type EventTimeOptions, eventTime } from './event-time.ts'
import type { WindowSpec } from './spec.ts'

export interface WindowAggregateOptions<T, K extends Key, S extends AggregateShape<T>>
  extends EventTimeOptions<T> {
  /** The values to make of each window, by name: `(a) => ({ n: a.count(), mean: a.avg((e) => e.price) })`. */
  readonly aggregates: (a: Aggregates<T>) => S
  /** One result for each window and key. Default: one for each window, with the key undefined. */
  readonly key?: (event: T) => K
  /** How long a window that has had its time still takes events, each with a new result. Default: 0. */
  readonly allowedLateness?: Duration
  /** How often open windows that have changed give an early result. Default: never. */
  readonly early?: Duration
  /** How many keys may have open windows; beyond that the least recently used one's are flushed. Default: any number. */
  readonly maxKeys?: number
  /** Where events go that lie between two windows, where `every` is longer than `size`. */
  readonly onDropped?: SideOutput<T>
  /** Told of each key that `maxKeys` has pushed out, after its results. */
  readonly onEvicted?: SideOutput<Eviction<K>>
}

/**
 * Folds the events of each window, by key, into values: SQL's `GROUP BY TUMBLE(...)`, in event time.
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
 * The watermark is the latest timestamp less `maxOutOfOrderness`, and never falls. An event is added first, then every
 * window fires whose end the watermark has reached, by end, then by key first seen. Too late for a window is what comes when
 * the watermark has reached its end plus `allowedLateness`. Windows without events give no result.
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
  type Result = WindowResult<K, AggregateResults<S>>
  const config = checked(spec, options)
  const { time } = config
  // Without a key function the key is undefined, which is `K`'s default.
  const keyOf = options.key ?? (() => undefined as K)

  return operateInTurn<T, Result>(({ out, ledger, alarm }) => {
    const row = new AggregateRow<T, AggregateResults<S>>(config.shape, { atomic: time.onError !== undefined })
    const watermark = new Watermark(time)
    const windows = config.engine({
      row,
      watermark,
      allowedLateness: config.allowedLateness,
      maxKeys: config.maxKeys,
      early: config.early !== undefined,
      emit: (result) => out.next(result),
      settled: (events) => {
        ledger.out += events
      },
      onEvicted: config.onEvicted,
    })
    ledger.keys = () => windows.keys
    ledger.watermark = () => watermark.value

    const mayBeIdle = time.idle !== Number.POSITIVE_INFINITY
    let awaited = Number.POSITIVE_INFINITY
    const silence = alarm(time.scheduler, (now) => {
      watermark.advance(awaited, now)
      advance()
    })
    const mayBeEarly = config.early !== undefined
    let earlyIsDue = false
    const earlyResults = alarm(time.scheduler, () => {
      earlyIsDue = false
      windows.early()
    })

    // What most events have no need of is put out of their way: a small `next` is inlined into whoever emits, a larger one is not.

    function advance(): void {
      windows.advance()
      if (mayBeIdle) awaitSilence()
    }

    function awaitSilence(): void {
      awaited = windows.next()
      silence.set(watermark.reaches(awaited))
    }

    function expectEarlyResults(): void {
      if (config.early === undefined || earlyIsDue) return
      earlyIsDue = true
      earlyResults.set(time.scheduler.now() + config.early)
    }

    function refuse(event: T): void {
      ledger.rejected++
      time.onInvalid?.(event)
    }

    function turnAway(event: T, fate: 'late' | 'outside'): void {
      if (fate === 'late') {
        ledger.late++
        time.late?.(event)
      } else {
        ledger.dropped++
        config.onDropped?.(event)
      }
    }

    return {
      next(event) {
        let timestamp: number
        let key: K
        let id: Primitive
        try {
          timestamp = time.timestamp(event)
          key = keyOf(event)
          id = identityOf(key)
          row.read(event, timestamp)
        } catch (error) {
          reject(ledger, time.onError, error, event)
          return
        }
        if (!Number.isFinite(timestamp)) {
          refuse(event)
          return
        }
        const fate = windows.add(key, id, timestamp)
        if (fate !== 'held') turnAway(event, fate)
        else if (mayBeEarly) expectEarlyResults()
        watermark.observe(timestamp, time.scheduler)
        advance()
      },
      complete() {
        windows.flush()
        out.complete()
      },
    }
  })
}

function checked<T, K extends Key, S extends AggregateShape<T>>(
  spec: WindowSpec,
  options: WindowAggregateOptions<T, K, S>,
) {
  const { allowedLateness = 0, early, maxKeys = Number.POSITIVE_INFINITY } = options
  const shape = options.aggregates(aggregatesOf<T>())
  if (typeof shape !== 'object' || shape === null || Object.keys(shape).length === 0) {
    throw new TypeError(
      `windowAggregate: aggregates must return at least one named aggregate, not ${shapeOf(shape)}`,
    )
  }
  for (const [name, aggregate] of Object.entries(shape)) {
    if (typeof aggregate?.merge !== 'function') {
      throw new TypeError(
        `windowAggregate: aggregates.${name} must be an aggregate such as a.count(), not ${shapeOf(aggregate)}`,
      )
    }
  }
  if (!(maxKeys >= 1))
    throw new RangeError(`windowAggregate: maxKeys must be at least 1, not ${shapeOf(maxKeys)}`)
  return {
    time: eventTime('windowAggregate', options),
    shape,
    engine: engineFor<K, AggregateResults<S>>(spec),
    maxKeys,
    allowedLateness: milliseconds('windowAggregate: allowedLateness', allowedLateness),
    early: early === undefined ? undefined : positiveMilliseconds('windowAggregate: early', early),
    onDropped: toSideOutput('windowAggregate: onDropped', options.onDropped),
    onEvicted: toSideOutput('windowAggregate: onEvicted', options.onEvicted),
  }
}

type EngineFactory<K, R> = (options: WindowEngineOptions<K, R>) => WindowEngine<K>

function engineFor<K extends Key, R>(spec: WindowSpec): EngineFactory<K, R> {
  if (spec?.kind === 'session') return (options) => new SessionWindows(spec.gap, spec.maxDuration, options)
  if (spec?.kind !== 'tumbling' && spec?.kind !== 'hopping') {
    throw new TypeError(
      `windowAggregate: the windows must be tumbling(...), hopping(...) or session(...), not ${shapeOf(spec)}`,
    )
  }
  const grid = new WindowGrid(spec.size, spec.every, spec.offset)
  return (options) => new AlignedWindows(grid, options)
}
