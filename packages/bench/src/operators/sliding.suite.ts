import { type Aggregates, slidingWindow } from '@rxsse/operators'
import { Observable } from 'rxjs'
import type { Suite } from '../harness/suite.ts'
import { createMetricFolds } from './folds.ts'
import { createReadingsContender, type Reading } from './readings.ts'
import type { Strategy } from './window-strategies.ts'

const operations = { full: 1_500_000, quick: 400_000, warmUp: 500_000 }
const REFOLD = 'fold the 60 events of each window again'

const over = (events: number) => `slidingWindow, ${events.toLocaleString('en')} events a window`

/** Ten sensors, so a sensor has a reading every 100 ms. */
const contender = (name: string, strategy: Strategy, events: number) =>
  createReadingsContender(name, { howMany: operations.full, sensors: 10 }, (source) =>
    strategy(source, events * 100, 0),
  )

const sliding: Strategy = (source, size) =>
  source.pipe(
    slidingWindow({
      size,
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

/** Keeps the events of each key's window, and folds them all for each result. Events must be in order. */
const refold: Strategy = (source, size) =>
  new Observable((subscriber) => {
    const { create, add, result } = createMetricFolds()
    const windows = new Map<number, Reading[]>()
    return source.subscribe({
      next(r) {
        const window = windows.get(r.sensor) ?? []
        windows.set(r.sensor, window)
        window.push(r)
        const end = r.time
        while ((window[0] as Reading).time <= end - size) window.shift()
        const fold = create()
        for (const event of window) add(fold, event)
        subscriber.next({
          key: r.sensor,
          window: { start: end - size, end },
          value: result(fold),
          pane: 'on-time',
          revision: 0,
        })
      },
      error: (error) => subscriber.error(error),
      complete: () => subscriber.complete(),
    })
  })

export const suite: Suite = {
  title: 'Sliding windows, a result for each event',
  description:
    'Ten sensors, ten readings a second each: count, mean, minimum and maximum by key of the last events, for each event. The comparison by hand has no lateness, disorder or accounting.',
  operation: 'event',
  operations,
  contenders: [
    contender(over(6), sliding, 6),
    contender(over(60), sliding, 60),
    contender(over(3600), sliding, 3600),
    contender(REFOLD, refold, 60),
  ],
  ours: [6, 60, 3600].map(over),
  targets: [
    { contender: over(3600), against: over(6), atMost: 1.5 },
    { contender: over(60), against: REFOLD, atMost: 1 },
  ],
}
