import { scaleLinear, scaleLog } from 'd3-scale'
import { line } from 'd3-shape'
import { escapeXml } from './escape-xml.ts'

export interface LineChart {
  /** Shown above the chart, and read by screen readers. */
  readonly title: string
  readonly x: Axis
  readonly y: Axis
  readonly series: readonly Series[]
}

export interface Axis {
  readonly label: string
  readonly scale: 'linear' | 'log'
  /** The marks of the axis. Default: d3 chooses them. */
  readonly ticks?: readonly number[]
  readonly format?: (value: number) => string
}

export interface Series {
  readonly name: string
  readonly points: readonly (readonly [x: number, y: number])[]
}

const WIDTH = 720
const HEIGHT = 400
const PLOT = { left: 72, right: 24, top: 84, bottom: 52 }

/**
 * Draws lines as an SVG with its own background, which follows the system's light or dark mode. At most five series,
 * each with a name in the legend, a colour and a shape of its points.
 */
export function drawLineChart({ title, x, y, series }: LineChart): string {
  const all = series.flatMap(({ points }) => points)
  const across = createScale(
    x,
    all.map(([at]) => at),
    [PLOT.left, WIDTH - PLOT.right],
  )
  const up = createScale(
    y,
    all.map(([, at]) => at),
    [HEIGHT - PLOT.bottom, PLOT.top],
  )
  const path = line<readonly [number, number]>(
    ([at]) => across(at),
    ([, at]) => up(at),
  ).digits(1)
  const format = (axis: Axis, value: number) => escapeXml(axis.format?.(value) ?? String(value))

  const marks = [
    ...(y.ticks ?? up.ticks(6)).map((value) => {
      const at = up(value).toFixed(1)
      return `<path class="grid" d="M${PLOT.left},${at}H${WIDTH - PLOT.right}"/><text class="tick" x="${PLOT.left - 8}" y="${at}" dy=".35em" text-anchor="end">${format(y, value)}</text>`
    }),
    ...(x.ticks ?? across.ticks(8)).map((value) => {
      const at = across(value).toFixed(1)
      return `<path class="grid" d="M${at},${PLOT.top}V${HEIGHT - PLOT.bottom}"/><text class="tick" x="${at}" y="${HEIGHT - PLOT.bottom + 20}" text-anchor="middle">${format(x, value)}</text>`
    }),
  ]
  const lines = series.map(({ points }, index) => {
    const dots = points.map(([a, b]) => point(index, across(a), up(b)))
    return `<g class="s${index}"><path class="line" d="${path(points) ?? ''}"/>${dots.join('')}</g>`
  })
  let left = PLOT.left
  const legend = series.map(({ name }, index) => {
    const entry = `<g class="s${index}">${point(index, left + 6, 56)}<text class="name" x="${left + 18}" y="56" dy=".35em">${escapeXml(name)}</text></g>`
    // An estimate of the width of text of this size.
    left += 34 + name.length * 7
    return entry
  })
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escapeXml(title)}">
<style>${STYLE}</style>
<rect class="ground" width="${WIDTH}" height="${HEIGHT}" rx="8"/>
<text class="title" x="24" y="30">${escapeXml(title)}</text>
${legend.join('\n')}
${marks.join('\n')}
<text class="label" x="${(PLOT.left + WIDTH - PLOT.right) / 2}" y="${HEIGHT - 10}" text-anchor="middle">${escapeXml(x.label)}</text>
<text class="label" transform="translate(18 ${(PLOT.top + HEIGHT - PLOT.bottom) / 2}) rotate(-90)" text-anchor="middle">${escapeXml(y.label)}</text>
${lines.join('\n')}
</svg>
`
}

function createScale(
  { scale, ticks = [] }: Axis,
  values: readonly number[],
  range: readonly [number, number],
) {
  const within = [...values, ...ticks]
  const [low, high] = [Math.min(...within), Math.max(...within)]
  return scale === 'log'
    ? scaleLog([low, high], range)
    : scaleLinear([Math.min(0, low), high], range).nice(ticks.length > 0 ? 0 : 6)
}

function point(series: number, x: number, y: number): string {
  const shape = SHAPES[series % SHAPES.length]
  return `<path class="dot" transform="translate(${x.toFixed(1)} ${y.toFixed(1)})" d="${shape}"/>`
}

const SHAPES = [
  'M-4,0a4,4 0 1,0 8,0a4,4 0 1,0 -8,0',
  'M-4,-4H4V4H-4Z',
  'M0,-5L5,4H-5Z',
  'M0,-5L5,0L0,5L-5,0Z',
  'M0,5L5,-4H-5Z',
]

const STYLE = [
  'text{font:13px system-ui,sans-serif;fill:#17202e}',
  '.ground{fill:#fff}.title{font-size:15px;font-weight:600}.tick,.label{font-size:12px;fill:#5b6678}',
  '.grid{stroke:#e1e4ea}.line{fill:none;stroke-width:2}',
  rules(['#2158c4', '#b3421d', '#12805c', '#7a3fb0', '#8a6a00']),
  '@media(prefers-color-scheme:dark){text{fill:#e8ecf3}.ground{fill:#171d27}.tick,.label{fill:#9aa6b8}.grid{stroke:#2a3342}',
  rules(['#8ab4ff', '#ff9c73', '#4cc79a', '#c79bf2', '#e3bd4c']),
  '}',
].join('')

function rules(colours: readonly string[]): string {
  return colours
    .map((colour, index) => `.s${index} .line{stroke:${colour}}.s${index} .dot{fill:${colour}}`)
    .join('')
}
