import { describe, expect, it } from 'vitest'
import { DARK, LIGHT } from './palette.ts'

describe.each([
  { name: 'light', palette: LIGHT, ground: '#ffffff' },
  { name: 'dark', palette: DARK, ground: '#1b1b1f' },
])('the $name palette', ({ palette, ground }) => {
  const texts = [
    ['ink', palette.ink, ground],
    ['ink in the box', palette.ink, palette.box],
    ['faint', palette.faint, ground],
    ['accent', palette.accent, ground],
    ...palette.tones.map(([fill = '', , text = ''], i) => [`tone ${i}`, text, fill] as const),
  ] as const

  it.each(texts)('has a legible text: %s (WCAG 2, AA)', (_, text, under) => {
    expect(contrast(text, under)).toBeGreaterThanOrEqual(4.5)
  })

  it.each(palette.tones.map(([, edge = ''], i) => [i, edge] as const))(
    'has an edge that is seen: tone %d',
    (_, edge) => {
      expect(contrast(edge, ground)).toBeGreaterThanOrEqual(3)
    },
  )
})

function contrast(a: string, b: string): number {
  const [dark = 0, light = 0] = [luminance(a), luminance(b)].sort((x, y) => x - y)
  return (light + 0.05) / (dark + 0.05)
}

function luminance(colour: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => {
    const share = Number.parseInt(colour.slice(at, at + 2), 16) / 255
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * r + 0.7152 * g + 0.0722 * b
}
