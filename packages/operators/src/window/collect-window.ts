import { requireFunction } from '@rxsse/shared'
import type { OperatorFunction, SchedulerLike } from 'rxjs'
import type { Primitive } from '../engine/keyed-state/key.ts'
import type { Part } from '../engine/queues/contiguous-prefix.ts'
import type { Pane, TimeWindow, WindowResult } from '../engine/window-engine.ts'
import { createClock } from '../stage/clock.ts'
import { emitResult, followEvent, settleEvent } from '../stage/follow.ts'
import { operateSerialized, type StageOptions } from '../stage/operate.ts'
import { loadItems, saveItems } from '../stage/operator-state.ts'
import { requireLimit } from '../stage/require-limit.ts'
import { resolveSideOutput, type SideOutput } from '../stage/side-output.ts'
import { identifyResult } from './standing-results.ts'

export interface CollectWindowOptions<R> extends StageOptions {
  /** The order of the results, as `Array.sort` takes it. Default: the order of arrival. */
  readonly orderBy?: (a: R, b: R) => number
  /** How many results of a window are kept: the first ones. Default: all. */
  readonly limit?: number
  /** Takes the results beyond the limit. */
  readonly onDropped?: SideOutput<R>
  /** The clock and its timers. Default: `asyncScheduler`. */
  readonly scheduler?: SchedulerLike
}

/** The results of all keys of one window. */
export interface CollectedWindow<R> {
  readonly window: TimeWindow
  readonly pane: Pane
  readonly results: readonly R[]
}

/**
 * Collects the results of all keys of a window into one list: SQL's `ORDER BY ... LIMIT ...` after a `GROUP BY`.
 * `windowAggregate` emits the results of a window without a pause. So a list is complete when a result of another window
 * comes, or when the current turn of the event loop ends. Late and early results make lists of their own, of the keys that
 * have changed. A list has one result for each key (and part): the one with the highest revision.
 *
 * ```ts
 * windowAggregate(tumbling('15m'), { key: topic, aggregates: (a) => ({ n: a.count() }) }),
 * collectWindow({ orderBy: (a, b) => b.value.n - a.value.n, limit: 10 }),
 * ```
 *
 * Emits when a window's results are complete.
 * Drops results beyond `limit`, to `onDropped`; results that a later one of the same list takes the place of.
 * Completes when the source completes, after the open list.
 * Unsubscribes from the source at once; the open list is discarded.
 */
export function collectWindow<R extends WindowResult<unknown, unknown>>(
  options: CollectWindowOptions<R> = {},
): OperatorFunction<R, CollectedWindow<R>> {
  const { orderBy, stage } = options
  if (orderBy !== undefined) requireFunction(orderBy, 'collectWindow: orderBy')
  const clock = createClock(options.scheduler)
  const limit = requireLimit(options.limit ?? Number.POSITIVE_INFINITY, 'collectWindow: limit', 1)
  const onDropped = resolveSideOutput(options.onDropped, 'collectWindow: onDropped')

  return operateSerialized<R, CollectedWindow<R>>('collectWindow', stage, ({ out, counts, createTimer }) => {
    counts.tracker?.onStart()
    let results = new Map<Primitive, R>()
    /** One of `results`, whose window and pane all of them have. */
    let first: R | undefined
    /** What came since the last list, if a `commit` follows it. */
    let parts: (Part<string> | undefined)[] = []
    const endOfTurn = createTimer(clock, emit)

    function emit(): void {
      if (first === undefined) return
      const { window, pane } = first
      first = undefined
      endOfTurn.clear()
      const sorted = [...results.values()]
      if (orderBy !== undefined) sorted.sort(orderBy)
      results = new Map()
      const listed = parts
      parts = []
      const kept = sorted.slice(0, limit)
      const dropped = sorted.slice(kept.length)
      counts.out += kept.length
      counts.dropped += dropped.length
      if (onDropped !== undefined) for (const result of dropped) onDropped(result)
      emitResult(counts, out, { window, pane, results: kept })
      for (const part of listed) settleEvent(counts, part)
    }

    return {
      state: {
        shape: {},
        // A list ends with the turn of the event loop.
        usesClock: true,
        save: (writer) => saveItems(writer, [...results.values()], (result) => writer.value(result)),
        restore(reader) {
          loadItems(reader, () => {
            const result = reader.value<R>()
            results.set(identifyResult(result), result)
            first = result
          })
          if (first !== undefined) endOfTurn.set(clock.now())
        },
      },
      next(result) {
        const part = followEvent(counts, result)
        if (first !== undefined && !isSameFiring(first, result)) emit()
        if (part !== undefined) parts.push(part)
        const id = identifyResult(result)
        const earlier = results.get(id)
        if (earlier !== undefined) counts.dropped++
        if (earlier === undefined || earlier.revision <= result.revision) results.set(id, result)
        if (first === undefined) {
          first = result
          endOfTurn.set(clock.now())
        }
      },
      complete() {
        emit()
        out.complete()
      },
    }
  })
}

function isSameFiring(a: WindowResult<unknown, unknown>, b: WindowResult<unknown, unknown>): boolean {
  return a.window.start === b.window.start && a.window.end === b.window.end && a.pane === b.pane
}
