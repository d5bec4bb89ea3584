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

const { parts, pictures } = createReport([measured], ['a machine', 'a day', 'some versions'])
const page = fillPage('# Performance\n\n<!-- measured -->\nas it was\n<!-- end -->\n\nThe rest.\n', parts)

it('the page folds the surroundings, a table of all ratios, and each suite with its chart', () => {
  const folded = (summary: string) =>
    new RegExp(`<details>\\n<summary>${summary}</summary>\\n\\n(.*?)\\n\\n</details>`, 's').exec(page)?.[1]
  expect(page).toMatch(/^# Performance\n\n<!-- measured -->\n\n- a machine\n- a day\n\n/)
  expect(folded('Versions')).toBe('- some versions')
  expect(folded('All ratios')).toMatch(/^\| Racing +\| ours +\| slower +\| +0\.50 \(0\.50 to 0\.50\) \|$/m)
  expect(folded('Racing')).toMatch(/^!\[Racing\]\(\.\/performance\/sports-racing\.svg\)\n\nA race\./)
  expect(page).toMatch(/\n\n<!-- end -->\n\nThe rest\.\n$/)
  expect(Object.keys(pictures)).toEqual(['sports-racing.svg'])
})

it('it begins with the charts of the headlines', () => {
  const [first = ''] = HEADLINES
  const headline = { ...measured, name: first, suite: { ...measured.suite, title: 'A headline' } }
  const { measured: text = '' } = createReport([measured, headline], ['a machine', 'a day']).parts
  expect(text).toMatch(
    /^- a machine\n- a day\n\n## A headline\n\n!\[A headline\]\(.*\)\n\n<details>\n<summary>Figures<\/summary>/,
  )
  expect(text).not.toContain('<summary>A headline')
})

it('it lists the peers that cost less in every round, and the missed targets', () => {
  const [, cheaperPeers] = /## Where a peer costs less\n\n(.*?)\n\n## All results/s.exec(page) ?? []
  expect(cheaperPeers).toBe(`- Racing: ours costs 2.00 times as much as faster.

Targets missed:

- Racing: the target for ours is at most 1.50 of faster; it costs 2.00.`)
})

it('a page without the placeholder is an error', () => {
  expect(() => fillPage('# Performance\n', parts)).toThrow(
    'the page has no <!-- measured --> … <!-- end --> to fill',
  )
})
