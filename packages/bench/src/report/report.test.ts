import { expect, it } from 'vitest'
import type { Measurement } from '../harness/measure.ts'
import { fillPage } from './page.ts'
import { createReport, type MeasuredSuite } from './report.ts'

const nothing = { prepare: () => ({ run() {} }) }
const cost = (...cpus: number[]): Measurement[] => cpus.map((cpu) => ({ cpu, wall: cpu, extra: {} }))

const measured: MeasuredSuite = {
  name: 'sports/racing',
  suite: {
    title: 'Racing',
    description: 'A race.',
    operation: 'event',
    operations: { full: 1, quick: 1, warmUp: 0 },
    contenders: [
      { name: 'ours', ...nothing },
      { name: 'slower', ...nothing },
      { name: 'faster', ...nothing },
      { name: 'faster at times', ...nothing },
    ],
    targets: [
      { contender: 'ours', against: 'slower', atMost: 0.6 },
      { contender: 'ours', against: 'faster', atMost: 1.5 },
    ],
  },
  operations: 1,
  results: new Map([
    ['ours', cost(2, 2, 2)],
    ['slower', cost(4, 4, 4)],
    ['faster', cost(1, 1, 1)],
    ['faster at times', cost(1, 1, 3)],
  ]),
  failures: new Map(),
}

const { parts, pictures } = createReport([measured], ['a machine', 'a day'])
const page = fillPage('# Performance\n\n<!-- measured -->\nas it was\n<!-- end -->\n\nThe rest.\n', parts)

it('the page has its surroundings, a table of all ratios, and each suite with its chart', () => {
  expect(page).toMatch(/^# Performance\n\n<!-- measured -->\n\n- a machine\n- a day\n\n## At a glance\n/)
  expect(page).toMatch(/^\| Racing +\| ours +\| slower +\| +0\.50 \(0\.50 to 0\.50\) \|$/m)
  expect(page).toContain('## Racing\n\n![Racing](./performance/sports-racing.svg)\n\nA race.')
  expect(page).toMatch(/\n\n<!-- end -->\n\nThe rest\.\n$/)
  expect(Object.keys(pictures)).toEqual(['sports-racing.svg'])
})

it('it lists the peers that cost less in every round, and the missed targets', () => {
  const [, cheaperPeers] = /## Where a peer costs less\n\n(.*?)\n\n## Racing/s.exec(page) ?? []
  expect(cheaperPeers).toBe(`- Racing: ours costs 2.00 times as much as faster.

Targets missed:

- Racing: the target for ours is at most 1.50 of faster; it costs 2.00.`)
})

it('a page without the placeholder is an error', () => {
  expect(() => fillPage('# Performance\n', parts)).toThrow(
    'the page has no <!-- measured --> … <!-- end --> to fill',
  )
})
