import { escaped, r } from './marble.ts'
import type { Span } from './record.ts'
import { type Drawn, xOf } from './sheet.ts'

const ROW = 28

/** Windows as spans of time, each with what came of it; those that overlap one below the other. */
export function drawWindows(windows: readonly Span[], until: number): Drawn {
  const rowEnds: number[] = []
  const bars = windows.map((span) => {
    const free = rowEnds.findIndex((end) => end <= span.start)
    const row = free === -1 ? rowEnds.length : free
    rowEnds[row] = span.end
    const from = xOf(Math.max(span.start, -0.5), until)
    const to = xOf(Math.min(span.end, until + 0.5), until)
    const y = 17 + row * ROW
    const { tone = 0 } = span.marble
    return [
      `<rect class="t${tone}" style="stroke-width:1" x="${r(from + 1)}" y="${y}" width="${r(to - from - 2)}" height="${ROW - 5}" rx="4"/>`,
      `<text class="small x${tone}" x="${r((from + to) / 2)}" y="${y + (ROW - 5) / 2 + 0.5}">${escaped(span.marble.text.replace('\n', ' '))}</text>`,
    ].join('')
  })
  return {
    height: 17 + rowEnds.length * ROW + 4,
    svg: `<text class="name" x="0" y="7">windows</text>${bars.join('')}`,
  }
}
