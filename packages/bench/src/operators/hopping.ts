import type { Suite } from '../harness/suite.ts'
import { createReadingsContender } from './readings.ts'
import { assignToEveryWindow, hoppingWindows, refoldPanes, type Strategy } from './window-strategies.ts'

const EVERY_MS = 1000

/** Hopping windows with growing overlap, compared at a small overlap with two other algorithms. */
export function createHoppingSuite(
  sensors: number,
  description: string,
  targets: Suite['targets'] = [],
): Suite {
  const operations = { full: 1_500_000, quick: 400_000, warmUp: 500_000 }
  const contender = (name: string, strategy: Strategy, windows: number) =>
    createReadingsContender(name, { howMany: operations.full, sensors }, (source) =>
      strategy(source, windows * EVERY_MS, EVERY_MS),
    )
  const overlapping = (windows: number) => contender(overlap(windows), hoppingWindows, windows)
  return {
    title: `Hopping windows, ${sensors === 1 ? 'one key' : `${sensors} keys`}`,
    description: `${description} Count, mean, minimum and maximum by key, in windows that start every second. The windows still open at the end are flushed and counted: at 3,600 windows an event this is work that a longer stream would not show. The other algorithms have six windows an event and no lateness, disorder or accounting.`,
    operation: 'event',
    operations,
    contenders: [
      overlapping(6),
      overlapping(60),
      overlapping(360),
      overlapping(3600),
      contender(EVERY_WINDOW, assignToEveryWindow, 6),
      contender(REFOLDED_PANES, refoldPanes, 6),
    ],
    ours: [6, 60, 360, 3600].map(overlap),
    targets,
  }
}

export function overlap(windows: number): string {
  return `hopping, ${windows.toLocaleString('en')} windows an event`
}

export const EVERY_WINDOW = 'assign to every window'
export const REFOLDED_PANES = 'fold panes again for each window'
