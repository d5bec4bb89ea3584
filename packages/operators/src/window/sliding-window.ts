import { type Duration, parsePositiveDuration } from '@rxsse/shared'
import type { OperatorFunction } from 'rxjs'
import type { AggregateResults, AggregateShape } from '../engine/aggregates/aggregate.ts'
import type { Key } from '../engine/keyed-state/key.ts'
import { SlidingWindows } from '../engine/sliding/sliding-windows.ts'
import type { WindowResult } from '../engine/window-engine.ts'
import { operateWindows, type TimeWindowOptions } from './operate-windows.ts'

export interface SlidingWindowOptions<T, K extends Key, S extends AggregateShape<T>>
  extends TimeWindowOptions<T, K, S> {
  /** How far a window goes back from its event. */
  readonly size: Duration
}

/**
 * Aggregates, for each event, the events of its key in the time before it: SQL's
 * `OVER (PARTITION BY key ORDER BY time RANGE BETWEEN ... PRECEDING AND CURRENT ROW)`, in event time. The window of an event is
 * `(timestamp - size, timestamp]`: it contains its end, but not its start. However many events a window has, an event costs
 * the same.
 *
 * ```ts
 * logins$.pipe(
 *   slidingWindow({
 *     size: '10m',
 *     timestamp: (login) => login.time,
 *     key: (login) => login.user,
 *     aggregates: (a) => ({ failed: a.count((login) => !login.ok), countries: a.countDistinct((login) => login.country) }),
 *   }),
 * )
 * ```
 *
 * Each event has a result of its own, in the order of timestamps. Simultaneous events of a key have the same window, so the result of
 * the next one is the next revision, and the last one contains them all. An event is late if the watermark has passed its
 * timestamp by more than `allowedLateness`. One that comes within it emits its own result, and new revisions of the results
 * whose windows contain it (`pane: 'late'`), which costs a merge for each event of these windows.
 *
 * Emits when the watermark reaches an event's timestamp; without `maxOutOfOrderness`, when the event comes.
 * Drops late events, to `late`; unusable ones, to `onInvalid` and `onError`.
 * Completes when the source completes, after the results of the events that wait (`pane: 'flush'`).
 * Unsubscribes from the source at once; the state is discarded.
 */
export function slidingWindow<T, S extends AggregateShape<T>, const K extends Key = undefined>(
  options: SlidingWindowOptions<T, K, S>,
): OperatorFunction<T, WindowResult<K, AggregateResults<S>>> {
  const size = parsePositiveDuration(options.size, 'slidingWindow: size')
  return operateWindows('slidingWindow', options, {
    shape: { size },
    createEngine: (engineOptions) => new SlidingWindows(size, engineOptions),
  })
}
