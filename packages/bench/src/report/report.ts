import { listOurs } from '../harness/compare.ts'
import { toMarkdownTable } from '../harness/markdown-table.ts'
import type { Outcome } from '../harness/measure.ts'
import type { Suite } from '../harness/suite.ts'
import { figure, median, ratios, showRatio, toMarkdown } from '../harness/table.ts'
import { drawBarChart } from '../plots/bar-chart.ts'
import { type Findings, layOut } from './layout.ts'
import type { Report } from './page.ts'

/** A suite and its results. */
export interface MeasuredSuite extends Outcome {
  /** Its folder and file: `core/receiving-single`. */
  readonly name: string
  readonly suite: Suite
  readonly operations: number
}

/** The measured part of docs/performance.md. */
export function createReport(measured: readonly MeasuredSuite[], surroundings: readonly string[]): Report {
  const pictures = Object.fromEntries(measured.map((one) => [chartFile(one), drawChart(one)]))
  const sections = measured.map((one) => {
    const [, ...rest] = toMarkdown(one.suite, one, one.operations).split('\n\n')
    return {
      name: one.name,
      title: one.suite.title,
      chart: `![${one.suite.title}](./performance/${chartFile(one)})`,
      details: rest.join('\n\n'),
    }
  })
  const page = layOut({
    sections,
    overview: overview(measured),
    cheaperPeers: findCheaperPeers(measured),
    missedTargets: findMissedTargets(measured),
    surroundings,
  })
  return { parts: { measured: page }, pictures }
}

function overview(measured: readonly MeasuredSuite[]): string {
  const rows = measured.flatMap(({ suite, results }) => {
    const [ours, ...others] = suite.contenders.map(({ name }) => name)
    return others.map((name, index) => [
      index === 0 ? suite.title : '',
      index === 0 ? (ours ?? '') : '',
      name,
      showRatio(ratios(results, ours ?? '', name)),
    ])
  })
  return toMarkdownTable(['job', 'ours', 'peer', 'ours relative to peer'], rows, { texts: 3 })
}

/** The peers that cost less than ours by more than the spread of the rounds. Floors count as peers. */
function findCheaperPeers(measured: readonly MeasuredSuite[]): Findings {
  const compared = measured.flatMap(({ suite, results }) => {
    const ours = listOurs(suite)
    const [first = ''] = suite.contenders.map(({ name }) => name)
    return suite.contenders
      .filter(({ name }) => name !== first && !ours.includes(name))
      .map(({ name }) => ({ suite, first, name, all: ratios(results, first, name) }))
  })
  const found = compared
    .filter(({ all }) => median(all) > 1.02 && Math.min(...all) > 1)
    .map(
      ({ suite, first, name, all }) =>
        `${suite.title}: ${first} costs ${median(all).toFixed(2)} times as much as ${name}.`,
    )
  return { found, of: compared.length }
}

function findMissedTargets(measured: readonly MeasuredSuite[]): Findings {
  const all = measured.flatMap(({ suite, results }) =>
    (suite.targets ?? []).map((target) => ({
      suite,
      ...target,
      ratio: median(ratios(results, target.contender, target.against)),
    })),
  )
  const found = all
    .filter(({ ratio, atMost }) => !(ratio <= atMost))
    .map(
      ({ suite, contender, against, atMost, ratio }) =>
        `${suite.title}: the target for ${contender} is at most ${atMost.toFixed(2)} of ${against}; it costs ${ratio.toFixed(2)}.`,
    )
  return { found, of: all.length }
}

function chartFile({ name }: MeasuredSuite): string {
  return `${name.replace('/', '-')}.svg`
}

function drawChart({ suite, results }: MeasuredSuite): string {
  const costs = suite.contenders.map(({ name }) => ({
    name,
    value: median((results.get(name) ?? []).map(({ cpu }) => cpu)),
  }))
  return drawBarChart({
    title: `CPU µs per ${suite.operation}, lower is better`,
    description: suite.title,
    bars: costs.map(({ name, value }, index) => ({
      name,
      value,
      label: figure(value),
      highlighted: index === 0,
    })),
  })
}
