import { scanByKey } from '@rxsse/operators'
import { map } from 'rxjs'
import type { Suite } from '../harness/suite.ts'
import { createReadingsContender } from './readings.ts'

const SOURCE = { howMany: 1_500_000, sensors: 100 }
const SILENCE_MS = 60_000

export const suite: Suite = {
  title: 'State by key',
  description:
    'A running sum for each of a hundred sensors. With timers, each reading moves the timer of its sensor.',
  operation: 'event',
  operations: { full: 1_500_000, quick: 400_000, warmUp: 400_000 },
  contenders: [
    createReadingsContender('scanByKey', SOURCE, (source) =>
      source.pipe(
        scanByKey({ key: (reading) => reading.sensor, seed: () => 0 }, (sum, reading) => sum + reading.value),
      ),
    ),
    createReadingsContender('a Map in a map', SOURCE, (source) => {
      const sums = new Map<number, number>()
      return source.pipe(
        map(({ sensor, value }) => {
          const sum = (sums.get(sensor) ?? 0) + value
          sums.set(sensor, sum)
          return sum
        }),
      )
    }),
    createReadingsContender('scanByKey with timers', SOURCE, (source) =>
      source.pipe(
        scanByKey(
          {
            key: (reading) => reading.sensor,
            timestamp: (reading) => reading.time,
            seed: () => 0,
            onTimer: (sum: number) => sum,
          },
          (sum, reading, { setTimer }) => {
            setTimer(reading.time + SILENCE_MS)
            return sum + reading.value
          },
        ),
      ),
    ),
  ],
  ours: ['scanByKey', 'scanByKey with timers'],
}
