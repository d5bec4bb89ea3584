import { escapeXml } from './escape-xml.ts'

export interface BarChart {
  /** Shown above the chart, and read by screen readers. */
  readonly title: string
  readonly bars: readonly Bar[]
}

export interface Bar {
  readonly name: string
  readonly value: number
  /** The text next to the bar. */
  readonly label: string
  /** Whether the bar is highlighted. */
  readonly highlighted?: boolean
}

const WIDTH = 720
const NAMES = 270
const LABELS = 70
const ROW = 28
const TOP = 56

/** Draws bars from zero as an SVG with its own background, which follows the system's light or dark mode. */
export function drawBarChart({ title, bars }: BarChart): string {
  const height = TOP + bars.length * ROW + 16
  const greatest = Math.max(...bars.map(({ value }) => value))
  const rows = bars.map(({ name, value, label, highlighted }, index) => {
    const y = TOP + index * ROW
    const width = Math.max(1, (value / greatest) * (WIDTH - NAMES - LABELS))
    return `<g${highlighted ? ' class="highlighted"' : ''}><text class="name" x="${NAMES - 12}" y="${y + 10}" dy=".35em" text-anchor="end">${escapeXml(name)}</text><rect class="bar" x="${NAMES}" y="${y}" width="${width.toFixed(1)}" height="20" rx="3"/><text class="value" x="${(NAMES + width + 8).toFixed(1)}" y="${y + 10}" dy=".35em">${escapeXml(label)}</text></g>`
  })
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${escapeXml(title)}">
<style>${STYLE}</style>
<rect class="ground" width="${WIDTH}" height="${height}" rx="8"/>
<text class="title" x="24" y="28">${escapeXml(title)}</text>
${rows.join('\n')}
</svg>
`
}

const STYLE = [
  'text{font:13px system-ui,sans-serif;fill:#17202e}.ground{fill:#fff}.title{font-size:15px;font-weight:600}',
  '.bar{fill:#a9b3c4}.highlighted .bar{fill:#2158c4}.highlighted text{font-weight:600}',
  '@media(prefers-color-scheme:dark){text{fill:#e8ecf3}.ground{fill:#171d27}.bar{fill:#56627a}.highlighted .bar{fill:#8ab4ff}}',
].join('')
