import { requireInteger } from '@rxsse/shared'
import type { OperatorFunction, SchedulerLike } from 'rxjs'
import type { Part } from '../engine/queues/contiguous-prefix.ts'
import type { WindowResult } from '../engine/window-engine.ts'
import { createClock } from '../stage/clock.ts'
import { emitResult, followEvent, settleEvent } from '../stage/follow.ts'
import { operateSerialized, type StageOptions } from '../stage/operate.ts'
import { loadItems, saveItems } from '../stage/operator-state.ts'
import { StandingResults } from './standing-results.ts'

export interface LatestResultsOptions extends StageOptions {
  /** How many windows are kept: those that end last. Default: 1. */
  readonly windows?: number
  /** The clock and its timers. Default: `asyncScheduler`. */
  readonly scheduler?: SchedulerLike
}

/**
 * Keeps the results that stand, of the newest windows: for a screen, or for newcomers to a sink. Of each key and window it keeps
 * the highest revision. A session's result takes the place of those that it replaces.
 *
 * ```ts
 * windowAggregate(tumbling('1m'), { key: symbol, early: '1s', aggregates: (a) => ({ n: a.count() }) }),
 * latestResults({ windows: 10 }),
 * ```
 *
 * Emits the list, by window and then by the order of keys, at the end of a turn of the event loop in which it has changed.
 * Drops results of older windows, and those that a later result takes the place of.
 * Completes when the source completes, after the list if it has changed.
 * Unsubscribes from the source at once; the state is discarded.
 */
export function latestResults<R extends WindowResult<unknown, unknown>>(
  options: LatestResultsOptions = {},
): OperatorFunction<R, readonly R[]> {
  const windows = requireInteger(options.windows ?? 1, 'latestResults: windows', 1)
  const clock = createClock(options.scheduler)

  return operateSerialized<R, readonly R[]>(
    'latestResults',
    options.stage,
    ({ out, counts, createTimer }) => {
      counts.tracker?.onStart()
      /** What came since the last list, if a `commit` follows it. */
      let parts: (Part<string> | undefined)[] = []
      const standing = new StandingResults<R>()
      /** Results that no list has contained yet. */
      const fresh = new Set<R>()
      let isChanged = false
      const endOfTurn = createTimer(clock, emit)

      function emit(): void {
        if (!isChanged) return
        isChanged = false
        endOfTurn.clear()
        counts.out += fresh.size
        fresh.clear()
        const listed = parts
        parts = []
        emitResult(counts, out, standing.list())
        for (const part of listed) settleEvent(counts, part)
      }

      return {
        state: {
          shape: {},
          usesClock: true,
          *save(writer) {
            const unseen = new Set(fresh)
            writer.value(isChanged)
            yield* saveItems(writer, standing.list(), (result) => {
              writer.value(result)
              writer.value(unseen.has(result))
            })
          },
          restore(reader) {
            isChanged = reader.value()
            loadItems(reader, () => {
              const result = reader.value<R>()
              standing.add(result)
              if (reader.value<boolean>()) fresh.add(result)
            })
            if (isChanged) endOfTurn.set(clock.now())
          },
        },
        next(result) {
          const part = followEvent(counts, result)
          fresh.add(result)
          const gone = [...standing.add(result), ...standing.retain(windows)]
          for (const former of gone) if (fresh.delete(former)) counts.dropped++
          // A result that is too old changes nothing.
          if (gone.length === 1 && gone[0] === result) {
            settleEvent(counts, part)
            return
          }
          if (part !== undefined) parts.push(part)
          isChanged = true
          if (!endOfTurn.isSet) endOfTurn.set(clock.now())
        },
        complete() {
          emit()
          out.complete()
        },
      }
    },
  )
}
