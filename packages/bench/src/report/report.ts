import { markdownTable } from '../harness/markdown-table.ts'
import type { Outcome } from '../harness/measure.ts'
import type { Suite } from '../harness/suite.ts'
import { article, figure, median, ratios, showRatio, toMarkdown } from '../harness/table.ts'
import { barChart } from '../plots/bar-chart.ts'
import type { Report } from './page.ts'

/** A suite that was run. */
export interface Measured extends Outcome {
  /** Its folder and file: `core/receiving-single`. */
  readonly name: string
  readonly suite: Suite
  readonly operations: number
}

/** The measured part of docs/performance.md: one table of all ratios, what costs less than ours, and each suite with its picture and all its figures. */
export function report(measured: readonly Measured[], surroundings: readonly string[]): Report {
  const pictures = Object.fromEntries(measured.map((one) => [pictureOf(one), picture(one)]))
  const suites = measured.map((one) => {
    const [heading, ...rest] = toMarkdown(one.suite, one, one.operations).split('\n\n')
    return [heading, `![${one.suite.title}](./performance/${pictureOf(one)})`, ...rest].join('\n\n')
  })
  const page = [
    surroundings.map((line) => `- ${line}`).join('\n'),
    '## At a glance',
    glance(measured),
    '## Where something costs less',
    losses(measured),
    ...suites,
  ]
  return { parts: { measured: page.join('\n\n') }, pictures }
}

function glance(measured: readonly Measured[]): string {
  const rows = measured.flatMap(({ suite, results }) => {
    const [ours, ...others] = suite.contenders.map(({ name }) => name)
    return others.map((name, index) => [
      index === 0 ? suite.title : '',
      index === 0 ? (ours ?? '') : '',
      name,
      showRatio(ratios(results, ours ?? '', name)),
    ])
  })
  return markdownTable(['job', 'ours', 'beside', 'ours, of it'], rows, { texts: 3 })
}

/** What cost less than the first of its table by more than the spread of the rounds. */
function losses(measured: readonly Measured[]): string {
  const found = measured.flatMap(({ suite, results }) => {
    const [ours, ...others] = suite.contenders.map(({ name }) => name)
    return others
      .map((name) => ({ name, all: ratios(results, ours ?? '', name) }))
      .filter(({ all }) => median(all) > 1.02 && Math.min(...all) > 1)
      .map(
        ({ name, all }) =>
          `- ${suite.title}: ${ours} costs ${median(all).toFixed(2)} times what ${name} does.`,
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
          `- ${suite.title}: ${contender} was to cost at most ${atMost.toFixed(2)} of ${against}, and costs ${ratio.toFixed(2)}.`,
      ),
  )
  const cheaper = found.length > 0 ? found.join('\n') : 'Nothing did, in any round.'
  return missed.length > 0 ? `${cheaper}\n\nTargets missed:\n\n${missed.join('\n')}` : cheaper
}

function pictureOf({ name }: Measured): string {
  return `${name.replace('/', '-')}.svg`
}

function picture({ suite, results }: Measured): string {
  const costs = suite.contenders.map(({ name }) => ({
    name,
    value: median((results.get(name) ?? []).map(({ cpu }) => cpu)),
  }))
  return barChart({
    title: `${suite.title}: CPU µs ${article(suite.operation)} ${suite.operation}`,
    bars: costs.map(({ name, value }, index) => ({
      name,
      value,
      label: figure(value),
      stressed: index === 0,
    })),
  })
}
