import { bufferTime, concatMap, Observable, VirtualTimeScheduler } from 'rxjs'
import type { Suite } from '../harness/suite.ts'
import { createMetricFolds } from './folds.ts'
import { overlap } from './hopping.ts'
import { createReadingsContender, type Reading } from './readings.ts'
import { hoppingWindows } from './window-strategies.ts'

const EVERY_MS = 1000
const SIZE_MS = 360 * EVERY_MS
const SOURCE = { howMany: 120_000, sensors: 10 }
const BUFFERS = 'bufferTime and a fold'

export const suite: Suite = {
  title: 'Hopping windows and overlapping buffers',
  description:
    'Ten sensors, ten readings a second each: count, mean, minimum and maximum by key, in windows of six minutes that start every second, 360 windows an event. RxJS buffers each window with bufferTime and folds it by key.',
  operation: 'event',
  operations: { full: 120_000, quick: 40_000, warmUp: 60_000 },
  contenders: [
    createReadingsContender(overlap(360), SOURCE, (source) => hoppingWindows(source, SIZE_MS, EVERY_MS)),
    createReadingsContender(BUFFERS, SOURCE, (source) => {
      const clock = new VirtualTimeScheduler()
      return emitOnClock(source, clock).pipe(bufferTime(SIZE_MS, EVERY_MS, clock), concatMap(foldByKey))
    }),
  ],
  targets: [{ contender: overlap(360), against: BUFFERS, atMost: 1 / 20 }],
}

/** Emits the readings in virtual time: the clock advances to the time of each one. */
function emitOnClock(source: Observable<Reading>, clock: VirtualTimeScheduler): Observable<Reading> {
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

const { create, add, result } = createMetricFolds()

function foldByKey(readings: readonly Reading[]) {
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
