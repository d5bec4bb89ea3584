import { toMarkdownTable } from '../harness/markdown-table.ts'
import type { Outcome } from '../harness/measure.ts'
import type { Suite } from '../harness/suite.ts'
import { article, figure, median, ratios, showRatio, toMarkdown } from '../harness/table.ts'
import { drawBarChart } from '../plots/bar-chart.ts'
import { layOut } from './layout.ts'
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
    cheaperPeers: listCheaperPeers(measured),
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

/** The peers that cost less than ours by more than the spread of the rounds, and the missed targets. */
function listCheaperPeers(measured: readonly MeasuredSuite[]): string {
  const found = measured.flatMap(({ suite, results }) => {
    const [ours, ...others] = suite.contenders.map(({ name }) => name)
    return others
      .map((name) => ({ name, all: ratios(results, ours ?? '', name) }))
      .filter(({ all }) => median(all) > 1.02 && Math.min(...all) > 1)
      .map(
        ({ name, all }) =>
          `- ${suite.title}: ${ours} costs ${median(all).toFixed(2)} times as much as ${name}.`,
      )
  })
  const missed = measured.flatMap(({ suite, results }) =>
    (suite.targets ?? [])
      .map(({ contender, against, atMost }) => ({
        contender,
        against,
        atMost,
        ratio: median(ratios(results, contender, against)),
      }))
      .filter(({ ratio, atMost }) => ratio > atMost)
      .map(
        ({ contender, against, atMost, ratio }) =>
          `- ${suite.title}: the target for ${contender} is at most ${atMost.toFixed(2)} of ${against}; it costs ${ratio.toFixed(2)}.`,
      ),
  )
  const cheaper = found.length > 0 ? found.join('\n') : 'No peer does.'
  return missed.length > 0 ? `${cheaper}\n\nTargets missed:\n\n${missed.join('\n')}` : cheaper
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
    title: `${suite.title}: CPU µs ${article(suite.operation)} ${suite.operation}`,
    bars: costs.map(({ name, value }, index) => ({
      name,
      value,
      label: figure(value),
      highlighted: index === 0,
    })),
  })
}
