import { toMarkdownTable } from './markdown-table.ts'
import { type MeasureOptions, measureSuite, type Outcome } from './measure.ts'
import type { Suite } from './suite.ts'
import { median, ratios, showRatio } from './table.ts'

const OTHER = ' (other checkout)'

/** Measures our contenders of a suite in turn with the packages of this checkout and of another one. */
export function compareSuite(
  module: URL,
  suite: Suite,
  packages: string,
  options: Omit<MeasureOptions, 'runs'>,
): Promise<Outcome> {
  const runs = listOurs(suite).flatMap((contender) => [
    { name: contender, contender },
    { name: contender + OTHER, contender, packages },
  ])
  return measureSuite(module, suite, { ...options, runs })
}

/** A Markdown table of the CPU time with both, and what this checkout costs relative to the other one. */
export function toComparison(suite: Suite, { results, failures }: Outcome): string {
  const rows = listOurs(suite).map((name) => {
    const [here, there] = [name, name + OTHER].map((run) => (results.get(run) ?? []).map(({ cpu }) => cpu))
    if (!here?.length || !there?.length) return [name, 'failed']
    const ratio = showRatio(ratios(results, name, name + OTHER))
    return [name, median(here).toPrecision(3), median(there).toPrecision(3), ratio]
  })
  const header = ['contender', `CPU µs per ${suite.operation}`, 'other checkout', 'ratio']
  const failed = Array.from(failures, ([name, reason]) => `- ${name} failed: ${reason}`)
  return [`## ${suite.title}`, toMarkdownTable(header, rows), failed.join('\n')].filter(Boolean).join('\n\n')
}

/** The names of the contenders that use packages of this repository. */
export function listOurs({ ours, contenders }: Suite): readonly string[] {
  return ours ?? contenders.slice(0, 1).map(({ name }) => name)
}
