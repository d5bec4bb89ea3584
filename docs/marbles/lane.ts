import { drawMarble, escaped, HEIGHT, r, sizeOf } from './marble.ts'
import type { Ending, Entry, Lane } from './record.ts'
import { type Drawn, RIGHT, WIDTH, xOf } from './sheet.ts'

const NAME = 17
const ROW_GAP = 6

/** Draws a timeline with its marbles. A marble that would cover another one moves down, with a line to its time. */
export function drawLane(lane: Lane, until: number): Drawn {
  const rows = inRows(lane.entries, until)
  const tops = rowTops(rows)
  const line = NAME + (rows[0]?.height ?? HEIGHT) / 2
  const marbles = rows.flatMap((row, i) =>
    row.placed.map(({ entry, x }) => {
      const y = i === 0 ? line : NAME + (tops[i] ?? 0) + row.height / 2
      const moment = xOf(entry.at, until)
      const tie =
        i === 0 && Math.abs(x - moment) < 1
          ? ''
          : `<path class="line" d="M${r(moment)} ${r(line)}L${r(x)} ${r(y)}"/>`
      return { tie, marble: drawMarble(entry.marble, x, y) }
    }),
  )
  // The bar of a completion is drawn behind a marble of the same time.
  const end =
    lane.ending === undefined ? RIGHT : Math.max(xOf(lane.ending.at, until), (rows[0]?.end ?? 0) + 4)
  return {
    height:
      NAME + rows.reduce((sum, row) => sum + row.height + ROW_GAP, 0) + (rows.length === 0 ? HEIGHT : 0),
    svg: [
      `<text class="name" x="0" y="7">${escaped(lane.name)}</text>`,
      `<path class="line${lane.kind === 'side' ? ' side' : ''}" d="M0 ${r(line)}H${r(end)}"/>`,
      lane.ending === undefined
        ? `<path class="tip" d="M${RIGHT} ${r(line - 4)}l8 4l-8 4z"/>`
        : drawEnding(lane.ending.kind, end, line),
      ...marbles.map(({ tie }) => tie),
      ...marbles.map(({ marble }) => marble),
    ].join(''),
  }
}

function drawEnding(kind: Ending['kind'], x: number, y: number): string {
  if (kind === 'left') return ''
  return kind === 'complete'
    ? `<path class="line" style="stroke-width:2.5" d="M${r(x)} ${r(y - 11)}v22"/>`
    : `<path class="line" style="stroke:var(--m-edge5);stroke-width:2.5" d="M${r(x - 7)} ${r(y - 7)}l14 14m0-14l-14 14"/>`
}

interface Row {
  readonly placed: { readonly entry: Entry; readonly x: number }[]
  height: number
  end: number
}

function inRows(entries: readonly Entry[], until: number): Row[] {
  const rows: Row[] = []
  for (const entry of entries) {
    const { width, height } = sizeOf(entry.marble)
    const x = Math.min(Math.max(xOf(entry.at, until), width / 2 + 1), WIDTH - width / 2 - 7)
    let row = rows.find(({ end }) => x - width / 2 >= end + 2)
    if (row === undefined) {
      row = { placed: [], height: 0, end: 0 }
      rows.push(row)
    }
    row.placed.push({ entry, x })
    row.height = Math.max(row.height, height)
    row.end = x + width / 2
  }
  return rows
}

function rowTops(rows: readonly Row[]): number[] {
  let top = 0
  return rows.map((row) => {
    const own = top
    top += row.height + ROW_GAP
    return own
  })
}
