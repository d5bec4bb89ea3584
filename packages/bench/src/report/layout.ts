/** The results of a suite, as Markdown. */
export interface Section {
  /** The suite's name: `core/receiving-single`. */
  readonly name: string
  readonly title: string
  readonly chart: string
  /** What was measured, the figures and the targets. */
  readonly details: string
}

/** Those of all comparisons, or of all targets, that a reader has to know of. */
export interface Findings {
  readonly found: readonly string[]
  /** The number of all. */
  readonly of: number
}

export interface Results {
  readonly sections: readonly Section[]
  /** A table of all ratios. */
  readonly overview: string
  readonly cheaperPeers: Findings
  readonly missedTargets: Findings
  /** The machine, the day, and then what is less important. */
  readonly surroundings: readonly string[]
}

/** The charts that a reader sees first, in this order. Everything else is folded. */
export const HEADLINES: readonly string[] = [
  'server/fan-out-16',
  'server/fan-out-1',
  'core/receiving-single',
  'operators/hopping-buffers',
]

/**
 * Results first: the charts of the headlines. All else is folded, so that the page has three screens. The lines to
 * unfold say how many peers cost less and how many targets are missed.
 */
export function layOut(results: Results): string {
  const { sections, overview, cheaperPeers, missedTargets, surroundings } = results
  const headlines = HEADLINES.flatMap((name) => sections.filter((section) => section.name === name))
  const others = sections.filter((section) => !headlines.includes(section))
  const [machine, day, ...versions] = surroundings
  return [
    `Measured on ${machine}; ${day}.`,
    ...headlines.flatMap(({ title, chart, details }) => [`## ${title}`, chart, fold('Figures', details)]),
    '## All results',
    list('Where a peer costs less', cheaperPeers),
    list('Targets missed', missedTargets),
    fold('All ratios', overview),
    fold(
      `Other suites: ${others.length}`,
      others.map(({ title, chart, details }) => fold(title, `${chart}\n\n${details}`)).join('\n\n'),
    ),
    fold('Versions', versions.map((version) => `- ${version}`).join('\n')),
  ].join('\n\n')
}

function list(summary: string, { found, of }: Findings): string {
  const count = `${summary}: ${found.length} of ${of}`
  return found.length === 0 ? `${count}.` : fold(count, found.map((line) => `- ${line}`).join('\n'))
}

/** The empty lines let the Markdown inside be rendered. */
function fold(summary: string, text: string): string {
  return `<details>\n<summary>${summary}</summary>\n\n${text}\n\n</details>`
}
