import type { Suite } from '../harness/suite.ts'
import { overReadings } from './readings.ts'
import { assignToEveryWindow, hoppingWindows, refoldPanes, type Strategy } from './window-strategies.ts'

const EVERY = 1000

/** Hopping windows that overlap more and more, beside other ways to fold them where they overlap little. */
export function hoppingSuite(sensors: number, description: string, targets: Suite['targets'] = []): Suite {
  const operations = { full: 1_500_000, quick: 400_000, warmUp: 500_000 }
  const contender = (name: string, strategy: Strategy, windows: number) =>
    overReadings(name, { howMany: operations.full, sensors }, (source) =>
      strategy(source, windows * EVERY, EVERY),
    )
  const overlapping = (windows: number) => contender(overlap(windows), hoppingWindows, windows)
  return {
    title: `Hopping windows, ${sensors === 1 ? 'one key' : `${sensors} keys`}`,
    description: `${description} Count, mean, least and greatest by key, in windows that start every second. The windows that are open at the end are flushed, and counted in: at 3,600, with their keys, they are a part of the work that a longer stream would not show. The other strategies have six windows an event and are bare: no lateness, no disorder, no accounting.`,
    operation: 'event',
    operations,
    contenders: [
      overlapping(6),
      overlapping(60),
      overlapping(360),
      overlapping(3600),
      contender(everyWindow, assignToEveryWindow, 6),
      contender(panesAnew, refoldPanes, 6),
    ],
    targets,
  }
}

export function overlap(windows: number): string {
  return `hopping, ${windows.toLocaleString('en')} windows an event`
}

export const everyWindow = 'assign to every window'
export const panesAnew = 'fold panes anew'
