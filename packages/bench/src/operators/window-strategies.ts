import { type Aggregates, tumbling, windowAggregate } from '@rxsse/operators'
import { type Observable, Observable as Stream } from 'rxjs'
import type { Reading } from './readings.ts'

/** The aggregates of every contender: count, mean, least and greatest. */
export const metrics = (a: Aggregates<Reading>) => ({
  n: a.count(),
  mean: a.avg((r) => r.value),
  min: a.min((r) => r.value),
  max: a.max((r) => r.value),
})

interface Result {
  readonly key: number
  readonly start: number
  readonly value: Record<string, unknown>
}

/** The very same aggregates, as the operator is handed them, for the other strategies to fold with. */
function aggregates() {
  let shape: ReturnType<typeof metrics> | undefined
  windowAggregate(tumbling(1), {
    aggregates(a: Aggregates<Reading>) {
      shape = metrics(a)
      return shape
    },
  })
  if (shape === undefined) throw new Error('no aggregates')
  const names = Object.keys(shape)
  const folds = Object.values(shape)
  return {
    create: () => folds.map((fold) => fold.create()),
    add(into: unknown[], r: Reading) {
      folds.forEach((fold, i) => {
        into[i] = fold.add(into[i], fold.read(r), r.time)
      })
    },
    merge(into: unknown[], from: unknown[]) {
      folds.forEach((fold, i) => {
        into[i] = fold.merge(into[i], from[i])
      })
    },
    result: (of: unknown[]) => Object.fromEntries(folds.map((fold, i) => [names[i], fold.result(of[i])])),
  }
}

/** Each event into each of its windows, a fold for every window and key. Events come in order, so time is the watermark. */
export function assignToEveryWindow(
  source: Observable<Reading>,
  size: number,
  every: number,
): Observable<Result> {
  const { create, add, result } = aggregates()
  return new Stream((subscriber) => {
    /** By start, then key. */
    const windows = new Map<number, Map<number, unknown[]>>()
    let next = Number.NaN
    const fire = (start: number) => {
      for (const [key, fold] of windows.get(start) ?? []) subscriber.next({ key, start, value: result(fold) })
      windows.delete(start)
    }
    source.subscribe({
      next(r) {
        const last = Math.floor(r.time / every) * every
        if (Number.isNaN(next)) next = last - size + every
        for (let start = last; start > r.time - size; start -= every) {
          let byKey = windows.get(start)
          if (byKey === undefined) {
            byKey = new Map()
            windows.set(start, byKey)
          }
          let fold = byKey.get(r.sensor)
          if (fold === undefined) {
            fold = create()
            byKey.set(r.sensor, fold)
          }
          add(fold, r)
        }
        for (; next + size <= r.time; next += every) fire(next)
      },
      error: (error) => subscriber.error(error),
      complete() {
        for (const start of [...windows.keys()].sort((a, b) => a - b)) fire(start)
        subscriber.complete()
      },
    })
  })
}

/** Each event into its pane; a window that fires folds all its panes. */
export function refoldPanes(source: Observable<Reading>, size: number, every: number): Observable<Result> {
  const { create, add, merge, result } = aggregates()
  return new Stream((subscriber) => {
    /** By key, then pane. */
    const panes = new Map<number, Map<number, unknown[]>>()
    let next = Number.NaN
    let newest = Number.NEGATIVE_INFINITY
    const fire = (start: number) => {
      for (const [key, byPane] of panes) {
        let fold: unknown[] | undefined
        for (let pane = start; pane < start + size; pane += every) {
          const part = byPane.get(pane)
          if (part === undefined) continue
          fold ??= create()
          merge(fold, part)
        }
        if (fold !== undefined) subscriber.next({ key, start, value: result(fold) })
        byPane.delete(start)
      }
    }
    source.subscribe({
      next(r) {
        const pane = Math.floor(r.time / every) * every
        if (Number.isNaN(next)) next = pane - size + every
        newest = Math.max(newest, pane)
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
        for (; next + size <= r.time; next += every) fire(next)
      },
      error: (error) => subscriber.error(error),
      complete() {
        for (; next <= newest; next += every) fire(next)
        subscriber.complete()
      },
    })
  })
}
