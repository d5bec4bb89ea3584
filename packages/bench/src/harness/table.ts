import { toMarkdownTable } from './markdown-table.ts'
import type { Measurement, Outcome, Results } from './measure.ts'
import type { Suite } from './suite.ts'

/**
 * The results of a suite as a Markdown section: medians, their spread, the cost of the first contender relative to each,
 * the targets and the failures. `operations` is the number of operations of one measurement.
 */
export function toMarkdown(suite: Suite, { results, failures }: Outcome, operations: number): string {
  const first = suite.contenders[0]?.name ?? ''
  const columns = extraColumns(results)
  const header = [
    'contender',
    `${first} relative to it`,
    `CPU µs per ${suite.operation}`,
    'lowest to highest',
    ...columns,
  ]
  const rows = suite.contenders.map(({ name }) => {
    const runs = results.get(name) ?? []
    if (runs.length === 0) return [name, '', 'failed']
    const cpu = runs.map((run) => run.cpu)
    return [
      name,
      name === first || failures.has(first) ? '' : showRatio(ratios(results, first, name)),
      figure(median(cpu)),
      `${figure(Math.min(...cpu))} to ${figure(Math.max(...cpu))}`,
      ...columns.map((column) => showExtra(runs, column)),
    ]
  })
  const table = toMarkdownTable(header, rows)
  const verdicts = (suite.targets ?? []).map(({ contender, against, atMost }) => {
    const target = `- ${contender} at most ${atMost.toFixed(2)} of ${against}`
    if (failures.has(contender) || failures.has(against)) return `${target}: not measured`
    const ratio = median(ratios(results, contender, against))
    return `${target}: ${ratio.toFixed(2)}, ${ratio <= atMost ? 'met' : 'missed'}`
  })
  const failed = Array.from(failures, ([name, why]) => `- ${name} failed: ${why}`)
  const rounds = Math.max(0, ...Array.from(results.values(), (runs) => runs.length))
  const count = `A measurement: ${operations.toLocaleString('en')} ${plural(suite.operation)}; rounds: ${rounds}.`
  return [`## ${suite.title}`, `${suite.description} ${count}`, table, [...verdicts, ...failed].join('\n')]
    .filter(Boolean)
    .join('\n\n')
}

/** The ratios within each round: other load on the machine affects both, so it cancels out. */
export function ratios(results: Results, contender: string, against: string): number[] {
  const theirs = results.get(against) ?? []
  return (results.get(contender) ?? []).map((ours, round) => ours.cpu / (theirs[round]?.cpu ?? Number.NaN))
}

export function showRatio(values: readonly number[]): string {
  const [low, middle, high] = [Math.min(...values), median(values), Math.max(...values)].map((value) =>
    value.toFixed(2),
  )
  return `${middle} (${low} to ${high})`
}

function extraColumns(results: Results): string[] {
  const columns = new Set<string>()
  for (const runs of results.values()) {
    for (const { extra } of runs) for (const column of Object.keys(extra)) columns.add(column)
  }
  return [...columns]
}

function showExtra(runs: readonly Measurement[], column: string): string {
  const values = runs.map(({ extra }) => extra[column]).filter((value) => value !== undefined)
  return values.length === 0 ? '' : figure(median(values))
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  return sorted.length % 2 === 1
    ? (sorted[middle] ?? Number.NaN)
    : ((sorted[middle - 1] ?? Number.NaN) + (sorted[middle] ?? Number.NaN)) / 2
}

export function figure(value: number): string {
  if (value >= 100) return value.toFixed(0)
  return value >= 10 ? value.toFixed(1) : value.toFixed(2)
}

function plural(noun: string): string {
  return `${noun.replace(/([^aeiou])y$/, '$1ie')}s`
}
