import { bufferTime, concatMap, Observable, VirtualTimeScheduler } from 'rxjs'
import type { Suite } from '../harness/suite.ts'
import { metricFolds } from './folds.ts'
import { overlap } from './hopping.ts'
import { overReadings, type Reading } from './readings.ts'
import { hoppingWindows } from './window-strategies.ts'

const EVERY = 1000
const SIZE = 360 * EVERY
const SOURCE = { howMany: 120_000, sensors: 10 }
const buffers = 'bufferTime and a fold'

export const suite: Suite = {
  title: 'Hopping windows beside overlapping buffers',
  description:
    'Ten sensors, ten readings a second each: count, mean, least and greatest by key, in windows of six minutes that start every second, 360 windows an event. RxJS gathers each window with bufferTime and folds it by key.',
  operation: 'event',
  operations: { full: 120_000, quick: 40_000, warmUp: 60_000 },
  contenders: [
    overReadings(overlap(360), SOURCE, (source) => hoppingWindows(source, SIZE, EVERY)),
    overReadings(buffers, SOURCE, (source) => {
      const clock = new VirtualTimeScheduler()
      return onTheClock(source, clock).pipe(bufferTime(SIZE, EVERY, clock), concatMap(foldedByKey))
    }),
  ],
  targets: [{ contender: overlap(360), against: buffers, atMost: 1 / 20 }],
}

/** The readings at their times, on virtual time: the clock runs up to each of them. */
function onTheClock(source: Observable<Reading>, clock: VirtualTimeScheduler): Observable<Reading> {
  return new Observable((subscriber) => {
    let origin: number | undefined
    const startedAt = clock.frame
    return source.subscribe({
      next(reading) {
        origin ??= reading.time
        clock.maxFrames = startedAt + reading.time - origin
        clock.flush()
        clock.frame = clock.maxFrames
        subscriber.next(reading)
      },
      error: (error) => subscriber.error(error),
      complete: () => subscriber.complete(),
    })
  })
}

const { create, add, result } = metricFolds()

function foldedByKey(readings: readonly Reading[]) {
  const byKey = new Map<number, unknown[]>()
  for (const reading of readings) {
    let fold = byKey.get(reading.sensor)
    if (fold === undefined) {
      fold = create()
      byKey.set(reading.sensor, fold)
    }
    add(fold, reading)
  }
  return [...byKey].map(([key, fold]) => ({ key, value: result(fold) }))
}
