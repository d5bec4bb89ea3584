import { expect, it } from 'vitest'
import { drawBarChart } from './bar-chart.ts'

const NAME = 'undici dispatch + eventsource-parser, bare'

it.each([1, 3, 8])(
  'a name %i times as long as the longest of the suites stands inside the picture',
  (times) => {
    const bars = [
      { name: 'ours', value: 1, label: '1.00' },
      { name: NAME.repeat(times), value: 2, label: '2.00' },
    ]
    const { width, names, plots } = measure(drawBarChart({ title: 'Cost', description: 'A race', bars }))
    // Usual fonts of 13 px are at most this wide on average.
    for (const { end, text } of names) expect(end - text.length * 7).toBeGreaterThan(0)
    expect(plots[1]).toBeCloseTo(2 * (plots[0] ?? 0), 0)
    expect(plots[1]).toBeGreaterThanOrEqual(200)
    expect(width).toBeGreaterThanOrEqual(600)
  },
)

it('a highlighted name, which is bold, has more room', () => {
  const leftOf = (highlighted: boolean) =>
    measure(
      drawBarChart({
        title: 'Cost',
        description: 'A race',
        bars: [{ name: NAME, value: 1, label: '1.00', highlighted }],
      }),
    ).names[0]?.end
  expect(leftOf(true)).toBeGreaterThan(leftOf(false) ?? 0)
})

it('short names leave more room to the bars', () => {
  const longest = (name: string) =>
    measure(drawBarChart({ title: 'Cost', description: 'A race', bars: [{ name, value: 1, label: '1' }] }))
      .plots[0]
  expect(longest('ours')).toBeGreaterThan(longest(NAME) ?? 0)
})

function measure(svg: string) {
  const width = Number(/viewBox="0 0 (\d+)/.exec(svg)?.[1])
  const names = Array.from(
    svg.matchAll(/class="name" x="([\d.]+)"[^>]*>([^<]*)</g),
    ([, end, text = '']) => ({
      end: Number(end),
      text,
    }),
  )
  const plots = Array.from(svg.matchAll(/class="bar" [^>]*width="([\d.]+)"/g), ([, length]) => Number(length))
  return { width, names, plots }
}
