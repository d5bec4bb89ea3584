import { type Duration, optionError, parsePositiveDuration, requireInteger } from '@rxsse/shared'
import type { OperatorFunction } from 'rxjs'
import type { AggregateResults, AggregateShape, FilledResults } from '../engine/aggregates/aggregate.ts'
import type { Key } from '../engine/keyed-state/key.ts'
import { SessionWindows } from '../engine/sessions/session-windows.ts'
import { AlignedWindows } from '../engine/slices/aligned-windows.ts'
import { CalendarGrid } from '../engine/slices/calendar-grid.ts'
import { WindowGrid } from '../engine/slices/window-grid.ts'
import type { EmptyWindow, Fill, WindowResult } from '../engine/window-engine.ts'
import { resolveSideOutput, type SideOutput } from '../stage/side-output.ts'
import { operateWindows, type TimeWindowOptions, type WindowKind } from './operate-windows.ts'
import type { WindowSpec } from './spec.ts'

export interface WindowAggregateOptions<T, K extends Key, S extends AggregateShape<T>>
  extends TimeWindowOptions<T, K, S> {
  /** How often open windows that have changed emit an early result. Default: never. */
  readonly early?: Duration
  /**
   * Gives windows without events a result too, from a key's first window on, up to the watermark: with the aggregates over no
   * events (`true`: a count is 0, a sum is null), with the value of the window before, or with what a function returns.
   * Default: empty windows give no result.
   */
  readonly fill?:
    | true
    | 'previous'
    | ((window: EmptyWindow<K, AggregateResults<NoInfer<S>>>) => AggregateResults<NoInfer<S>>)
  /** With `fill`: how many empty windows in a row a key gets. After them it is told to `onEvicted`. Default: 1000. */
  readonly maxEmpty?: number
  /** Takes events between two windows, if `every` is longer than `size`. */
  readonly onDropped?: SideOutput<T>
}

/** With `fill: true`: the values of a window without events are in the type. */
export function windowAggregate<T, S extends AggregateShape<T>, const K extends Key = undefined>(
  spec: WindowSpec,
  options: WindowAggregateOptions<T, K, S> & { readonly fill: true },
): OperatorFunction<T, WindowResult<K, FilledResults<S>>>
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
 * a window if the watermark has reached the window's end plus `allowedLateness`. Windows without events give a result only with
 * `fill`.
 *
 * Emits when the watermark reaches a window's end; early and late results as the options say; the rest at completion.
 * Drops events that are late for all their windows, to `late`; unusable ones, to `onInvalid` and `onError`.
 * Completes when the source completes, after the open windows' results (`pane: 'flush'`).
 * Unsubscribes from the source at once; open windows are discarded.
 */
export function windowAggregate<T, S extends AggregateShape<T>, const K extends Key = undefined>(
  spec: WindowSpec,
  options: WindowAggregateOptions<T, K, S>,
): OperatorFunction<T, WindowResult<K, AggregateResults<S>>>
export function windowAggregate<T, S extends AggregateShape<T>, const K extends Key = undefined>(
  spec: WindowSpec,
  options: WindowAggregateOptions<T, K, S>,
): OperatorFunction<T, WindowResult<K, AggregateResults<S>>> {
  const { early } = options
  return operateWindows('windowAggregate', options, {
    createEngine: resolveEngine(spec),
    shape: { window: spec.kind === 'calendar' ? spec.calendar.id : spec },
    early: early === undefined ? undefined : parsePositiveDuration(early, 'windowAggregate: early'),
    fill: resolveFill(spec, options),
    onDropped: resolveSideOutput(options.onDropped, 'windowAggregate: onDropped'),
  })
}

function resolveFill<T, K extends Key, S extends AggregateShape<T>>(
  spec: WindowSpec,
  { fill, maxEmpty }: WindowAggregateOptions<T, K, S>,
): Fill<K, AggregateResults<S>> | undefined {
  if (fill === undefined) {
    if (maxEmpty === undefined) return undefined
    throw optionError('windowAggregate: maxEmpty', 'left out without fill', maxEmpty)
  }
  if (spec?.kind === 'session')
    throw optionError('windowAggregate: fill', 'left out for sessions, of which none is empty', fill)
  if (fill !== true && fill !== 'previous' && typeof fill !== 'function')
    throw optionError('windowAggregate: fill', "true, 'previous' or a function", fill)
  return {
    limit: requireInteger(maxEmpty ?? DEFAULT_MAX_EMPTY, 'windowAggregate: maxEmpty', 1),
    value: fill === true ? undefined : fill === 'previous' ? ({ previous }) => previous : fill,
  }
}

/** A jump of the watermark by years must not emit millions of results. */
const DEFAULT_MAX_EMPTY = 1000

function resolveEngine<K extends Key, R>(spec: WindowSpec): WindowKind<never, K, R>['createEngine'] {
  if (spec?.kind === 'session') return (options) => new SessionWindows(spec.gap, spec.maxDuration, options)
  if (spec?.kind === 'calendar') {
    return (options) => new AlignedWindows(new CalendarGrid(spec.calendar), options)
  }
  if (spec?.kind !== 'tumbling' && spec?.kind !== 'hopping') {
    throw optionError('windowAggregate: spec', 'tumbling(...), hopping(...) or session(...)', spec)
  }
  // A grid keeps the cell of its last event, so each subscription has one.
  const createGrid = () => new WindowGrid(spec.size, spec.every, spec.offset)
  // Throws now if a size is wrong.
  createGrid()
  return (options) => new AlignedWindows(createGrid(), options)
}
