import { escapeXml } from './escape-xml.ts'

export interface BarChart {
  /** Shown above the chart. */
  readonly title: string
  /** What the bars compare. Screen readers read it before the title. */
  readonly description: string
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

const WIDTH = 600
const MARGIN = 20
const GAP = 12
const SHORTEST_PLOT = 200
const ROW = 20
const BAR = 14
const TOP = 42
// Estimates of the widths of text, which only the browser knows: wide fonts have room too.
const CHARACTER = 7.2
const BOLD_CHARACTER = 8
const TITLE_CHARACTER = 9

/**
 * Draws bars from zero as an SVG with its own background, which follows the system's light or dark mode. Long names
 * shorten the bars first, and then widen the picture.
 */
export function drawBarChart({ title, description, bars }: BarChart): string {
  const height = TOP + bars.length * ROW + 8
  const greatest = Math.max(...bars.map(({ value }) => value))
  const left = MARGIN + Math.max(0, ...bars.map((bar) => estimateWidth(bar.name, bar))) + GAP
  const right = GAP + Math.max(0, ...bars.map((bar) => estimateWidth(bar.label, bar))) + MARGIN
  const width = Math.ceil(
    Math.max(WIDTH, left + SHORTEST_PLOT + right, title.length * TITLE_CHARACTER + 2 * MARGIN),
  )
  const rows = bars.map(({ name, value, label, highlighted }, index) => {
    const y = TOP + index * ROW
    const length = Math.max(1, (value / greatest) * (width - left - right))
    return `<g${highlighted ? ' class="highlighted"' : ''}><text class="name" x="${(left - GAP).toFixed(1)}" y="${y + BAR / 2}" dy=".35em" text-anchor="end">${escapeXml(name)}</text><rect class="bar" x="${left.toFixed(1)}" y="${y}" width="${length.toFixed(1)}" height="${BAR}" rx="3"/><text class="value" x="${(left + length + 8).toFixed(1)}" y="${y + BAR / 2}" dy=".35em">${escapeXml(label)}</text></g>`
  })
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escapeXml(`${description}: ${title}`)}">
<style>${STYLE}</style>
<rect class="ground" width="${width}" height="${height}" rx="8"/>
<text class="title" x="${MARGIN}" y="26">${escapeXml(title)}</text>
${rows.join('\n')}
</svg>
`
}

function estimateWidth(text: string, { highlighted }: Bar): number {
  return Array.from(text).length * (highlighted ? BOLD_CHARACTER : CHARACTER)
}

const STYLE = [
  'text{font:13px system-ui,sans-serif;fill:#17202e}.ground{fill:#fff}.title{font-size:15px;font-weight:600}',
  '.bar{fill:#a9b3c4}.highlighted .bar{fill:#2158c4}.highlighted text{font-weight:600}',
  '@media(prefers-color-scheme:dark){text{fill:#e8ecf3}.ground{fill:#171d27}.bar{fill:#56627a}.highlighted .bar{fill:#8ab4ff}}',
].join('')
