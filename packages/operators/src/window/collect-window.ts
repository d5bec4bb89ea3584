import { asyncScheduler, type OperatorFunction, type SchedulerLike } from 'rxjs'
import type { Pane, WindowResult } from '../engine/window-engine.ts'
import { shapeOf } from '../shape.ts'
import { operateInTurn } from '../stage/operate.ts'
import { type SideOutput, toSideOutput } from '../stage/side-output.ts'

export interface CollectWindowOptions<R> {
  /** Which result comes first, as `Array.sort` asks. Default: the order of arrival. */
  readonly orderBy?: (a: R, b: R) => number
  /** How many results of a window are kept: the first ones. Default: all. */
  readonly limit?: number
  /** Where the results beyond the limit go. */
  readonly onDropped?: SideOutput<R>
  /** The clock and its timers. Default: `asyncScheduler`. */
  readonly scheduler?: SchedulerLike
}

/** The results of one window, of all its keys. */
export interface CollectedWindow<R> {
  readonly window: { readonly start: number; readonly end: number }
  readonly pane: Pane
  readonly results: readonly R[]
}

/**
 * All keys' results of a window as one list: SQL's `ORDER BY ... LIMIT ...` after a `GROUP BY`. What `windowAggregate`
 * gives for a window it gives in one go, so a window is collected when another's results come, or nothing more in
 * the same turn. Late and early results make lists of their own, of those keys alone.
 *
 * ```ts
 * windowAggregate(tumbling('15m'), { key: topic, aggregates: (a) => ({ n: a.count() }) }),
 * collectWindow({ orderBy: (a, b) => b.value.n - a.value.n, limit: 10 }),
 * ```
 *
 * Emits when a window's results are complete.
 * Drops results beyond `limit`, to `onDropped`.
 * Completes when the source completes, after the window under way.
 * Unsubscribes from the source at once; the window under way is discarded.
 */
export function collectWindow<R extends WindowResult<unknown, unknown>>(
  options: CollectWindowOptions<R> = {},
): OperatorFunction<R, CollectedWindow<R>> {
  const { orderBy, limit = Number.POSITIVE_INFINITY, scheduler = asyncScheduler } = options
  if (!(limit >= 1)) throw new RangeError(`collectWindow: limit must be at least 1, not ${shapeOf(limit)}`)
  const onDropped = toSideOutput('collectWindow: onDropped', options.onDropped)

  return operateInTurn<R, CollectedWindow<R>>(({ out, ledger, alarm }) => {
    let results: R[] = []
    const endOfTurn = alarm(scheduler, give)

    function give(): void {
      const [first] = results
      if (first === undefined) return
      endOfTurn.clear()
      const sorted = orderBy === undefined ? results : results.sort(orderBy)
      results = []
      const kept = sorted.slice(0, limit)
      const dropped = sorted.slice(kept.length)
      ledger.out += kept.length
      ledger.dropped += dropped.length
      if (onDropped !== undefined) for (const result of dropped) onDropped(result)
      out.next({ window: first.window, pane: first.pane, results: kept })
    }

    return {
      next(result) {
        const [first] = results
        if (first !== undefined && !isSameFiring(first, result)) give()
        results.push(result)
        if (results.length === 1) endOfTurn.set(scheduler.now())
      },
      complete() {
        give()
        out.complete()
      },
    }
  })
}

function isSameFiring(a: WindowResult<unknown, unknown>, b: WindowResult<unknown, unknown>): boolean {
  return a.window.start === b.window.start && a.window.end === b.window.end && a.pane === b.pane
}
