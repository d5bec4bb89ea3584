import { expect, it } from 'vitest'
import type { Measurement } from '../harness/measure.ts'
import { HEADLINES } from './layout.ts'
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

const { parts, pictures } = createReport([measured], ['a machine', 'a day', 'some', 'versions'])
const page = fillPage('# Performance\n\n<!-- measured -->\nas it was\n<!-- end -->\n\nThe rest.\n', parts)

const folded = (text: string, summary: string) =>
  new RegExp(`<details>\\n<summary>${summary}</summary>\\n\\n(.*?)\\n\\n</details>`, 's').exec(text)?.[1]

it('the page folds a table of all ratios, the versions, and the suites with their charts', () => {
  expect(page).toMatch(
    /^# Performance\n\n<!-- measured -->\n\nMeasured on a machine; a day.\n\n## All results\n\n/,
  )
  expect(folded(page, 'Versions')).toBe('- some\n- versions')
  expect(folded(page, 'All ratios')).toMatch(
    /^\| Racing +\| ours +\| slower +\| +0\.50 \(0\.50 to 0\.50\) \|$/m,
  )
  expect(folded(page, 'Other suites: 1')).toMatch(
    /^<details>\n<summary>Racing<\/summary>\n\n!\[Racing\]\(\.\/performance\/sports-racing\.svg\)\n\nA race\./,
  )
  expect(page).toMatch(/\n\n<!-- end -->\n\nThe rest\.\n$/)
  expect(Object.keys(pictures)).toEqual(['sports-racing.svg'])
})

it('it begins with the charts of the headlines', () => {
  const [first = ''] = HEADLINES
  const headline = { ...measured, name: first, suite: { ...measured.suite, title: 'A headline' } }
  const { measured: text = '' } = createReport([measured, headline], ['a machine', 'a day']).parts
  expect(text).toMatch(
    /^Measured on a machine; a day.\n\n## A headline\n\n!\[A headline\]\(.*\)\n\n<details>\n<summary>Figures<\/summary>/,
  )
  expect(text).not.toContain('<summary>A headline')
})

it('it counts and folds the peers that cost less in every round, and the missed targets', () => {
  expect(folded(page, 'Where a peer costs less: 1 of 3')).toBe(
    '- Racing: ours costs 2.00 times as much as faster.',
  )
  expect(folded(page, 'Targets missed: 1 of 2')).toBe(
    '- Racing: the target for ours is at most 1.50 of faster; it costs 2.00.',
  )
})

it('it says so when no peer costs less and no target is missed', () => {
  const fast = { ...measured, results: new Map(measured.results).set('ours', cost(0.5, 0.5, 0.5)) }
  const { measured: text = '' } = createReport([fast], ['a machine', 'a day']).parts
  expect(text).toContain('\n\nWhere a peer costs less: 0 of 3.\n\nTargets missed: 0 of 2.\n\n')
})

it('other contenders that are ours are no peers', () => {
  const suite = { ...measured.suite, ours: ['ours', 'faster'] }
  const { measured: text = '' } = createReport([{ ...measured, suite }], ['a machine', 'a day']).parts
  expect(text).toContain('Where a peer costs less: 0 of 2.')
})

it('a page without the placeholder is an error', () => {
  expect(() => fillPage('# Performance\n', parts)).toThrow(
    'the page has no <!-- measured --> … <!-- end --> to fill',
  )
})
