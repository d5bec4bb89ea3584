import { drawChart } from './chart.ts'
import { drawLane } from './lane.ts'
import { escaped, r } from './marble.ts'
import { standaloneStyle } from './palette.ts'
import type { Recording } from './record.ts'
import { type Drawn, WIDTH, xOf } from './sheet.ts'
import { drawWindows } from './windows.ts'

const GAP = 10

/** Draws a recording: the source on top, the operator in a box, and its output below. */
export function draw(recording: Recording): string {
  const { source, output, sides, windows, until, happened, call, alt } = recording
  const isChart = happened.length > 0
  const parts: Drawn[] = [
    isChart ? drawChart(recording) : drawLane(source, until),
    ...(windows.length > 0 && !isChart ? [drawWindows(windows, until)] : []),
    drawCall(call),
    drawLane(output, until),
    ...sides.map((side) => drawLane(side, until)),
    drawAxis(until),
  ]
  let y = 2
  const body = parts.map(({ svg, height }) => {
    const placed = `<g transform="translate(0 ${r(y)})">${svg}</g>`
    y += height + GAP
    return placed
  })
  const height = Math.ceil(y - GAP)
  return [
    `<svg class="marbles" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-label="${escaped(alt)}">`,
    `<style>${standaloneStyle()}</style>`,
    ...body,
    '</svg>',
    '',
  ].join('\n')
}

function drawCall(call: string): Drawn {
  const lines = call.split('\n')
  const height = 16 + lines.length * 17
  const texts = lines.map(
    (line, i) => `<text class="call" x="${WIDTH / 2}" y="${16.5 + i * 17}">${escaped(line)}</text>`,
  )
  return {
    height,
    svg: `<rect class="box" x="1" y="0" width="${WIDTH - 2}" height="${height}" rx="6"/>${texts.join('')}`,
  }
}

function drawAxis(until: number): Drawn {
  const step = [1, 2, 5, 10, 20, 30, 60].find((seconds) => until / seconds <= 8) ?? 120
  const ticks = Array.from({ length: Math.floor(until / step) + 1 }, (_, i) => {
    const x = r(xOf(i * step, until))
    return `<path class="rule" d="M${x} 0v5"/><text class="tick" x="${x}" y="12">${i * step}${i === 0 ? ' s' : ''}</text>`
  })
  return { height: 20, svg: ticks.join('') }
}
