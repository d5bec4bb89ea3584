import { type Duration, optionError, parsePositiveDuration } from '@rxsse/shared'
import type { OperatorFunction } from 'rxjs'
import type { AggregateResults, AggregateShape } from '../engine/aggregates/aggregate.ts'
import type { Key } from '../engine/keyed-state/key.ts'
import { SessionWindows } from '../engine/sessions/session-windows.ts'
import { AlignedWindows } from '../engine/slices/aligned-windows.ts'
import { CalendarGrid } from '../engine/slices/calendar-grid.ts'
import { WindowGrid } from '../engine/slices/window-grid.ts'
import type { WindowResult } from '../engine/window-engine.ts'
import { resolveSideOutput, type SideOutput } from '../stage/side-output.ts'
import { operateWindows, type TimeWindowOptions, type WindowKind } from './operate-windows.ts'
import type { WindowSpec } from './spec.ts'

export interface WindowAggregateOptions<T, K extends Key, S extends AggregateShape<T>>
  extends TimeWindowOptions<T, K, S> {
  /** How often open windows that have changed emit an early result. Default: never. */
  readonly early?: Duration
  /** Takes events between two windows, if `every` is longer than `size`. */
  readonly onDropped?: SideOutput<T>
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
  const { early } = options
  return operateWindows('windowAggregate', options, {
    createEngine: resolveEngine(spec),
    early: early === undefined ? undefined : parsePositiveDuration(early, 'windowAggregate: early'),
    onDropped: resolveSideOutput(options.onDropped, 'windowAggregate: onDropped'),
  })
}

function resolveEngine<K extends Key, R>(spec: WindowSpec): WindowKind<never, K, R>['createEngine'] {
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
