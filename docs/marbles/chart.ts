import { drawMarble, r } from './marble.ts'
import type { Recording } from './record.ts'
import { type Drawn, RIGHT, xOf } from './sheet.ts'

const TOP = 24
const HEIGHT = 210

/**
 * Draws the source as a chart: arrival time to the right, event time upwards. The watermark rises through it. A window is
 * a rectangle from its first event to its result, which is emitted when the watermark reaches its upper edge.
 */
export function drawChart({ source, happened, watermark, windows, until }: Recording): Drawn {
  const latest = Math.max(...happened, ...windows.map(({ end }) => end)) + 1
  const yOf = (seconds: number) => TOP + HEIGHT - (Math.max(seconds, 0) / latest) * HEIGHT
  const bottom = TOP + HEIGHT

  const ends = [...new Set(windows.flatMap(({ start, end }) => [start, end]))].sort((a, b) => a - b)
  const spans = windows.map(({ start, end, firedAt, marble }) => {
    const inside = source.entries.filter((_, i) => (happened[i] ?? -1) >= start && (happened[i] ?? -1) < end)
    const from = xOf(Math.min(...inside.map(({ at }) => at)), until) - 15
    return `<rect class="t${marble.tone ?? 0}" style="stroke-width:1;fill-opacity:.45" x="${r(from)}" y="${r(yOf(end))}" width="${r(xOf(firedAt, until) - from)}" height="${r(yOf(start) - yOf(end))}" rx="3"/>`
  })
  const rules = ends.map(
    (end) =>
      `<path class="rule" d="M0 ${r(yOf(end))}H${RIGHT}"/><text class="tick" style="text-anchor:start" x="0" y="${r(yOf(end) - 6)}">${end} s</text>`,
  )

  let path = ''
  let before: number | undefined
  for (const { at, mark } of watermark) {
    if (mark === before) continue
    path +=
      before === undefined ? `M${r(xOf(at, until))} ${r(yOf(mark))}` : `H${r(xOf(at, until))}V${r(yOf(mark))}`
    before = mark
  }
  const last = watermark.at(-1)
  const markEnd = xOf(source.ending?.at ?? until, until)
  const label =
    last === undefined
      ? ''
      : `<text class="name end" style="fill:var(--m-accent)" x="${RIGHT}" y="${r(yOf(last.mark) + 11)}">watermark</text>`

  const marbles = source.entries.map(({ at, marble }, i) =>
    drawMarble(marble, xOf(at, until), yOf(happened[i] ?? 0)),
  )
  return {
    height: TOP + HEIGHT + 12,
    svg: [
      '<text class="name" x="0" y="7">source: when an event happened (upwards), when it came (to the right)</text>',
      ...spans,
      ...rules,
      `<path class="line" d="M0 ${bottom}H${RIGHT}"/><path class="tip" d="M${RIGHT} ${bottom - 4}l8 4l-8 4z"/>`,
      `<path class="mark" d="${path}H${r(markEnd)}"/>`,
      label,
      ...marbles,
    ].join(''),
  }
}
