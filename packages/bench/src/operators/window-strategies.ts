import { type Aggregates, hopping, type WindowResult, windowAggregate } from '@rxsse/operators'
import { type Observable, Observable as Stream } from 'rxjs'
import { createMetricFolds } from './folds.ts'
import type { Reading } from './readings.ts'

/** The result of every strategy for one window and sensor. */
export type Metrics = WindowResult<number, Readonly<Record<string, unknown>>>

export type Strategy = (source: Observable<Reading>, size: number, every: number) => Observable<Metrics>

/** The operator with count, mean, minimum and maximum. */
export const hoppingWindows: Strategy = (source, size, every) =>
  source.pipe(
    windowAggregate(hopping({ size, every }), {
      timestamp: (r) => r.time,
      key: (r) => r.sensor,
      aggregates: (a: Aggregates<Reading>) => ({
        n: a.count(),
        mean: a.avg((r) => r.value),
        min: a.min((r) => r.value),
        max: a.max((r) => r.value),
      }),
    }),
  )

// The other strategies emit the same results in the same order, but do less: they expect events in order, so that the
// time is the watermark, and have no lateness, counts, bounds or expiry of keys.

/** Adds each event to each of its windows, with one fold for every window and key. */
export const assignToEveryWindow: Strategy = (source, size, every) =>
  new Stream((subscriber) => {
    const { create, add, result } = createMetricFolds()
    /** By window number, then key. */
    const windows = new Map<number, Map<number, unknown[]>>()
    let next = Number.NaN
    const fire = (window: number, pane: Metrics['pane']) => {
      for (const [key, fold] of windows.get(window) ?? [])
        subscriber.next(createResult(key, window * every, size, result(fold), pane))
      windows.delete(window)
    }
    source.subscribe({
      next(r) {
        const last = Math.floor(r.time / every)
        if (Number.isNaN(next)) next = Math.floor((r.time - size) / every) + 1
        for (let window = last; window * every > r.time - size; window--) {
          let byKey = windows.get(window)
          if (byKey === undefined) {
            byKey = new Map()
            windows.set(window, byKey)
          }
          let fold = byKey.get(r.sensor)
          if (fold === undefined) {
            fold = create()
            byKey.set(r.sensor, fold)
          }
          add(fold, r)
        }
        for (; next * every + size <= r.time; next++) fire(next, 'on-time')
      },
      error: (error) => subscriber.error(error),
      complete() {
        for (const window of [...windows.keys()].sort((a, b) => a - b)) fire(window, 'flush')
        subscriber.complete()
      },
    })
  })

/** Adds each event to its pane. A window that fires merges all its panes. `size` must be a multiple of `every`. */
export const refoldPanes: Strategy = (source, size, every) =>
  new Stream((subscriber) => {
    const { create, add, merge, result } = createMetricFolds()
    const width = size / every
    /** By key, then by pane number, which is the number of the window that starts with the pane. */
    const panes = new Map<number, Map<number, unknown[]>>()
    let next = Number.NaN
    let newest = Number.NEGATIVE_INFINITY
    const fire = (window: number, kind: Metrics['pane']) => {
      for (const [key, byPane] of panes) {
        let fold: unknown[] | undefined
        for (let pane = window; pane < window + width; pane++) {
          const part = byPane.get(pane)
          if (part === undefined) continue
          fold ??= create()
          merge(fold, part)
        }
        if (fold !== undefined) subscriber.next(createResult(key, window * every, size, result(fold), kind))
        byPane.delete(window)
      }
    }
    source.subscribe({
      next(r) {
        const pane = Math.floor(r.time / every)
        if (Number.isNaN(next)) next = pane - width + 1
        if (pane > newest) newest = pane
        let byPane = panes.get(r.sensor)
        if (byPane === undefined) {
          byPane = new Map()
          panes.set(r.sensor, byPane)
        }
        let fold = byPane.get(pane)
        if (fold === undefined) {
          fold = create()
          byPane.set(pane, fold)
        }
        add(fold, r)
        for (; next * every + size <= r.time; next++) fire(next, 'on-time')
      },
      error: (error) => subscriber.error(error),
      complete() {
        for (; next <= newest; next++) fire(next, 'flush')
        subscriber.complete()
      },
    })
  })

function createResult(
  key: number,
  start: number,
  size: number,
  value: Metrics['value'],
  pane: Metrics['pane'],
): Metrics {
  return { key, window: { start, end: start + size }, value, pane, revision: 0 }
}
