import { hopping, windowAggregate } from '@rxsse/operators'
import type { Suite } from '../harness/suite.ts'
import { overReadings } from './readings.ts'
import { assignToEveryWindow, metrics, refoldPanes } from './window-strategies.ts'

const EVERY = 1000
const SIZE = 6 * EVERY
const SOURCE = { howMany: 800_000, sensors: 100 }

export const suite: Suite = {
  title: 'Hopping windows, other strategies',
  description:
    'Count, mean, least and greatest of 100 sensors, a reading a second each, in windows of six seconds that start every second: the same aggregates, folded in three ways. The other two strategies are bare: no lateness, no disorder, no accounting.',
  operation: 'event',
  operations: { full: 800_000, quick: 400_000, warmUp: 400_000 },
  contenders: [
    overReadings('panes in two stacks (hopping)', SOURCE, (source) =>
      source.pipe(
        windowAggregate(hopping({ size: SIZE, every: EVERY }), {
          timestamp: (r) => r.time,
          key: (r) => r.sensor,
          aggregates: metrics,
        }),
      ),
    ),
    overReadings('assign to every window', SOURCE, (source) => assignToEveryWindow(source, SIZE, EVERY)),
    overReadings('fold panes anew', SOURCE, (source) => refoldPanes(source, SIZE, EVERY)),
  ],
  targets: [
    { contender: 'panes in two stacks (hopping)', against: 'assign to every window', atMost: 1 },
    { contender: 'panes in two stacks (hopping)', against: 'fold panes anew', atMost: 1 },
  ],
}
