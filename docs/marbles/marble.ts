import type { Marble } from './scenario.ts'

export const HEIGHT = 26
const LINE = 13
const DOT = 15

export interface Size {
  readonly width: number
  readonly height: number
}

/** A dot without text, a circle for short text, else a pill. Widths are estimates, because an SVG cannot measure text. */
export function sizeOf({ text }: Marble): Size {
  if (text === '') return { width: DOT, height: DOT }
  const lines = text.split('\n')
  const width = Math.max(...lines.map((line) => widthOf(line, lines.length > 1 ? 6.3 : 7.1)))
  return { width: width <= 17 ? HEIGHT : width + 15, height: HEIGHT + (lines.length - 1) * LINE }
}

/** Draws the marble with its centre at the given point. */
export function drawMarble({ text, tone = 0 }: Marble, x: number, y: number): string {
  const { width, height } = sizeOf({ text })
  const lines = text.split('\n')
  const shape = `<rect class="t${tone}" x="${r(x - width / 2)}" y="${r(y - height / 2)}" width="${r(width)}" height="${height}" rx="${Math.min(height / 2, 13)}"/>`
  const small = lines.length > 1 ? ' small' : ''
  return (
    shape +
    lines
      .map((line, i) => {
        const dy = (i - (lines.length - 1) / 2) * LINE
        return `<text class="x${tone}${small}" x="${r(x)}" y="${r(y + dy + 0.5)}">${escaped(line)}</text>`
      })
      .join('')
  )
}

/** Formats a number with the precision of a pixel. */
export function r(value: number): string {
  return String(Math.round(value * 10) / 10)
}

export function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
}

const NARROW = /[ .,:;'|!ijlt()[\]/–-]/

function widthOf(text: string, wide: number): number {
  let width = 0
  for (const character of text) width += NARROW.test(character) ? wide * 0.58 : wide
  return width
}
