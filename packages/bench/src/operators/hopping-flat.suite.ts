import { hopping, windowAggregate } from '@rxsse/operators'
import type { Contender, Suite } from '../harness/suite.ts'
import { overReadings } from './readings.ts'
import { metrics } from './window-strategies.ts'

const EVERY = 1000
const SOURCE = { howMany: 2_000_000, sensors: 1 }

const overlapping = (windows: number): Contender =>
  overReadings(`${windows} windows an event`, SOURCE, (source) =>
    source.pipe(
      windowAggregate(hopping({ size: windows * EVERY, every: EVERY }), {
        timestamp: (r) => r.time,
        aggregates: metrics,
      }),
    ),
  )

export const suite: Suite = {
  title: 'Hopping windows, however many overlap',
  description:
    'Count, mean, least and greatest of 100 readings a second, in windows that start every second. The windows that are open at the end are flushed, and counted in.',
  operation: 'event',
  operations: { full: 2_000_000, quick: 1_000_000, warmUp: 1_000_000 },
  contenders: [overlapping(6), overlapping(60), overlapping(360), overlapping(3600)],
  targets: [{ contender: '3600 windows an event', against: '6 windows an event', atMost: 1.5 }],
}
