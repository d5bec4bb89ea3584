import { svgElement } from './elements.ts'
import { SPAN } from './history.ts'

const WIDTH = 300
const HEIGHT = 32

export function createSparkline(label: string): SVGElement {
  const svg = svgElement('svg', {
    class: 'sparkline',
    viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
    preserveAspectRatio: 'none',
    role: 'img',
    'aria-label': label,
  })
  svg.append(svgElement('path', { class: 'area' }), svgElement('path', { class: 'edge' }))
  return svg
}

/** Draws values over one to five minutes. The highest one leaves a tenth of the height free. */
export function drawSparkline(
  parent: Element,
  values: readonly (readonly [time: number, value: number])[],
  time: number,
): void {
  // A page that was just opened has little to show: its first minute fills the width.
  const span = Math.min(SPAN, Math.max(60_000, time - (values[0]?.[0] ?? time)))
  const highest = Math.max(...values.map(([, value]) => value), 0.1) * 1.1
  const points = values.map(([at, value]) => {
    const x = WIDTH - ((time - at) / span) * WIDTH
    return `${x.toFixed(1)} ${(HEIGHT - (value / highest) * HEIGHT).toFixed(1)}`
  })
  const line = points.length === 0 ? '' : `M${points.join('L')}`
  const first = points[0]?.split(' ')[0]
  parent.querySelector('.edge')?.setAttribute('d', line)
  parent.querySelector('.area')?.setAttribute('d', line && `${line}L${WIDTH} ${HEIGHT}L${first} ${HEIGHT}Z`)
}
