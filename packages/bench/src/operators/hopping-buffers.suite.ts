import { hopping, windowAggregate } from '@rxsse/operators'
import { bufferTime, map, Observable, VirtualTimeScheduler } from 'rxjs'
import type { Suite } from '../harness/suite.ts'
import { overReadings, type Reading } from './readings.ts'
import { metrics } from './window-strategies.ts'

const EVERY = 1000
const SIZE = 360 * EVERY
const SOURCE = { howMany: 120_000, sensors: 1 }

export const suite: Suite = {
  title: 'Hopping windows beside overlapping buffers',
  description:
    'Count, mean, least and greatest of 100 readings a second in windows of six minutes that start every second, 360 windows an event. RxJS gathers each window with bufferTime and folds it.',
  operation: 'event',
  operations: { full: 120_000, quick: 60_000, warmUp: 60_000 },
  contenders: [
    overReadings('hopping', SOURCE, (source) =>
      source.pipe(
        windowAggregate(hopping({ size: SIZE, every: EVERY }), {
          timestamp: (r) => r.time,
          aggregates: metrics,
        }),
      ),
    ),
    overReadings('bufferTime and a fold', SOURCE, (source) => {
      const clock = new VirtualTimeScheduler()
      return onTheClock(source, clock).pipe(bufferTime(SIZE, EVERY, clock), map(fold))
    }),
  ],
  targets: [{ contender: 'hopping', against: 'bufferTime and a fold', atMost: 1 / 20 }],
}

/** The readings at their times, on virtual time: the clock runs up to each of them. */
function onTheClock(source: Observable<Reading>, clock: VirtualTimeScheduler): Observable<Reading> {
  return new Observable((subscriber) => {
    let origin: number | undefined
    return source.subscribe({
      next(reading) {
        origin ??= reading.time
        clock.maxFrames = reading.time - origin
        clock.flush()
        clock.frame = clock.maxFrames
        subscriber.next(reading)
      },
      error: (error) => subscriber.error(error),
      complete: () => subscriber.complete(),
    })
  })
}

function fold(readings: readonly Reading[]) {
  let sum = 0
  let min = Number.POSITIVE_INFINITY
  let max = Number.NEGATIVE_INFINITY
  for (const { value } of readings) {
    sum += value
    if (value < min) min = value
    if (value > max) max = value
  }
  return { n: readings.length, mean: sum / readings.length, min, max }
}
