import { expect, it } from 'vitest'
import type { Measurement } from './measure.ts'
import type { Suite } from './suite.ts'
import { toMarkdown } from './table.ts'

const nothing = { prepare: () => ({ run() {} }) }

const suite: Suite = {
  title: 'Racing',
  description: 'A race.',
  operation: 'event',
  operations: { full: 1, quick: 1, warmUp: 0 },
  contenders: [
    { name: 'ours', ...nothing },
    { name: 'theirs', ...nothing },
  ],
  targets: [
    { contender: 'ours', against: 'theirs', atMost: 0.6 },
    { contender: 'ours', against: 'theirs', atMost: 0.4 },
  ],
}

const noFailures: ReadonlyMap<string, string> = new Map()

function runs(...cpus: number[]): Measurement[] {
  return cpus.map((cpu) => ({ cpu, wall: cpu, extra: {} }))
}

it('a table has medians, spreads, and the ratios to the first contender within each round', () => {
  const results = new Map([
    ['ours', runs(1, 2, 30)],
    ['theirs', runs(2, 4, 200)],
  ])
  expect(toMarkdown(suite, { results, failures: noFailures }, 300_000)).toBe(`## Racing

A race. A measurement: 300,000 events; rounds: 3.

| contender | ours relative to it | CPU µs per event | lowest to highest |
| --------- | ------------------: | ---------------: | ----------------: |
| ours      |                     |             2.00 |      1.00 to 30.0 |
| theirs    | 0.50 (0.15 to 0.50) |             4.00 |       2.00 to 200 |

- ours at most 0.60 of theirs: 0.50, met
- ours at most 0.40 of theirs: 0.50, missed`)
})

it('the figures of a suite are columns of medians, empty if a contender has none', () => {
  const results = new Map([
    ['ours', [5, 7].map((kib) => ({ cpu: 1, wall: 1, extra: { KiB: kib } }))],
    ['theirs', runs(2, 2)],
  ])
  const { targets: _, ...plain } = suite
  expect(
    toMarkdown(plain, { results, failures: noFailures }, 1).split('\n\n')[2],
  ).toBe(`| contender | ours relative to it | CPU µs per event | lowest to highest |  KiB |
| --------- | ------------------: | ---------------: | ----------------: | ---: |
| ours      |                     |             1.00 |      1.00 to 1.00 | 6.00 |
| theirs    | 0.50 (0.50 to 0.50) |             2.00 |      2.00 to 2.00 |      |`)
})

it('a failed contender has no figures and no ratios, and its error is listed', () => {
  const results = new Map([
    ['ours', []],
    ['theirs', runs(2, 2)],
  ])
  const failures = new Map([['ours', 'its process ended with 1']])
  expect(
    toMarkdown(suite, { results, failures }, 1).split('\n\n').slice(2).join('\n\n'),
  ).toBe(`| contender | ours relative to it | CPU µs per event | lowest to highest |
| --------- | ------------------: | ---------------: | ----------------: |
| ours      |                     |           failed |                   |
| theirs    |                     |             2.00 |      2.00 to 2.00 |

- ours at most 0.60 of theirs: not measured
- ours at most 0.40 of theirs: not measured
- ours failed: its process ended with 1`)
})

it('operations are counted in the plural', () => {
  const results = new Map([['ours', runs(1)]])
  const text = toMarkdown({ ...suite, operation: 'delivery' }, { results, failures: noFailures }, 20)
  expect(text).toContain('A measurement: 20 deliveries; rounds: 1.')
})
