/** The results of a suite, as Markdown. */
export interface Section {
  /** The suite's name: `core/receiving-single`. */
  readonly name: string
  readonly title: string
  readonly chart: string
  /** What was measured, the figures and the targets. */
  readonly details: string
}

export interface Results {
  readonly sections: readonly Section[]
  /** A table of all ratios. */
  readonly overview: string
  readonly cheaperPeers: string
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

/** Results first: the charts of the headlines, what peers do better, and the rest to unfold. */
export function layOut({ sections, overview, cheaperPeers, surroundings }: Results): string {
  const headlines = HEADLINES.flatMap((name) => sections.filter((section) => section.name === name))
  const others = sections.filter((section) => !headlines.includes(section))
  const [machine, day, ...more] = surroundings.map((line) => `- ${line}`)
  return [
    [machine, day].join('\n'),
    ...headlines.flatMap(({ title, chart, details }) => [`## ${title}`, chart, fold('Figures', details)]),
    '## Where a peer costs less',
    cheaperPeers,
    '## All results',
    fold('All ratios', overview),
    ...others.map(({ title, chart, details }) => fold(title, `${chart}\n\n${details}`)),
    fold('Versions', more.join('\n')),
  ].join('\n\n')
}

/** The empty lines let the Markdown inside be rendered. */
function fold(summary: string, text: string): string {
  return `<details>\n<summary>${summary}</summary>\n\n${text}\n\n</details>`
}
