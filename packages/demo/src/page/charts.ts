import uPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'
import { BANDS } from '../messages/magnitude-bands.ts'
import type { Messages } from '../messages/messages.ts'
import { date, minute } from './formats.ts'

const HOUR = 3_600
const HOURS_SHOWN = 48
const DAYS_SHOWN = 365

export interface Chart<T> {
  add(value: T): void
}

/** Stacked bars: one bar an hour, one colour a band. */
export function createQuakeChart(element: HTMLElement): Chart<Messages['quakes']> {
  const hours = new Map<number, number[]>()
  const plot = new uPlot(
    {
      ...size(element),
      tzDate: utc,
      padding: [8, 44, 0, 0],
      legend: { show: false },
      cursor: { show: false },
      scales: {
        x: { range: (_, min, max) => [min - HOUR / 2, max + HOUR / 2] },
        y: { range: (_, __, max) => [0, Math.max(max * 1.1, 5)] },
      },
      axes: [timeAxis(minute, HOUR), axis({ size: 44, incrs: [1, 2, 5, 10, 20, 50, 100] })],
      // Each series is the sum of the bands up to its own, the tallest drawn first, so that the bars stack.
      series: [
        {},
        ...BANDS.map((_, index) => BANDS.length - 1 - index).map((band) => ({
          fill: () => colour(`--band-${band}`),
          stroke: () => colour('--panel'),
          width: 1,
          points: { show: false },
          paths: uPlot.paths.bars?.({ size: [0.86, 40], align: 0 }) as uPlot.Series.PathBuilder,
        })),
      ],
    },
    [[], ...BANDS.map(() => [])],
    element,
  )
  follow(plot, element)
  const redraw = combineCalls(() => {
    const starts = [...hours.keys()].sort((a, b) => a - b)
    for (const start of starts.splice(0, starts.length - HOURS_SHOWN)) hours.delete(start)
    const sums = BANDS.map((_, index) => {
      const band = BANDS.length - 1 - index
      return starts.map((start) => (hours.get(start) ?? []).slice(0, band + 1).reduce((sum, n) => sum + n, 0))
    })
    plot.setData([starts.map((start) => start / 1000 + HOUR / 2), ...sums])
  })
  return {
    add({ window, band, count }) {
      const counts = hours.get(window.start) ?? BANDS.map(() => 0)
      counts[BANDS.findIndex(({ name }) => name === band)] = count
      hours.set(window.start, counts)
      redraw()
    },
  }
}

/** A line of the closing prices of the last trading year. */
export function createPriceChart(element: HTMLElement): Chart<Messages['price']> {
  const days: number[] = []
  const closes: number[] = []
  const plot = new uPlot(
    {
      ...size(element),
      tzDate: utc,
      padding: [8, 44, 0, 0],
      legend: { show: false },
      cursor: { show: false },
      axes: [timeAxis(date, 24 * HOUR), axis({ size: 52 })],
      series: [{}, { stroke: () => colour('--accent'), width: 2, points: { show: false } }],
    },
    [[], []],
    element,
  )
  follow(plot, element)
  const redraw = combineCalls(() => plot.setData([days, closes]))
  return {
    add({ date, close }) {
      const day = Date.parse(date) / 1000
      // The data starts over after twenty years.
      if (day <= (days.at(-1) ?? Number.NEGATIVE_INFINITY)) {
        days.length = 0
        closes.length = 0
      }
      days.push(day)
      closes.push(close)
      if (days.length > DAYS_SHOWN) {
        days.shift()
        closes.shift()
      }
      redraw()
    },
  }
}

function axis(extra: uPlot.Axis): uPlot.Axis {
  return {
    stroke: () => colour('--quiet'),
    grid: { stroke: () => colour('--line'), width: 1 },
    ticks: { show: false },
    font: '12px system-ui, sans-serif',
    ...extra,
  }
}

/** A time axis whose marks are at least `unit` seconds apart, the resolution of the data. */
function timeAxis(format: Intl.DateTimeFormat, unit: number): uPlot.Axis {
  return axis({
    size: 30,
    space: 110,
    incrs: [1, 2, 3, 6, 12, 24, 48, 96, 192].map((n) => n * unit),
    values: (_, splits) => splits.map((seconds) => format.format(seconds * 1_000)),
  })
}

function utc(seconds: number): Date {
  return uPlot.tzDate(new Date(seconds * 1_000), 'Etc/UTC')
}

function colour(property: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(property).trim()
}

function size(element: HTMLElement): { width: number; height: number } {
  return { width: element.clientWidth, height: element.clientHeight }
}

function follow(plot: uPlot, element: HTMLElement): void {
  new ResizeObserver(() => plot.setSize(size(element))).observe(element)
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => plot.redraw())
}

/** Combines calls: `run` is called once, at the next frame. */
function combineCalls(run: () => void): () => void {
  let requested = false
  return () => {
    if (requested) return
    requested = true
    requestAnimationFrame(() => {
      requested = false
      run()
    })
  }
}
