import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { stampedStream } from '../../../test/stamped.ts'
import { AlignedModel, type ModelResult, type Stamped } from '../../../test/window-model.ts'
import { getAggregates } from '../../window/aggregates.ts'
import { AggregateRow } from '../aggregates/aggregate-row.ts'
import { AlignedWindows } from './aligned-windows.ts'
import { WindowGrid } from './window-grid.ts'

const shape = { ids: getAggregates<Stamped>().collect((e) => e.id) }
const options = fc.record({
  maxOutOfOrderness: fc.integer({ min: 0, max: 10 }),
  allowedLateness: fc.integer({ min: 0, max: 15 }),
})

describe('AlignedWindows', () => {
  it('emits early results for exactly the open windows that have changed, between any two events', () => {
    const spec = fc.record({
      size: fc.integer({ min: 1, max: 15 }),
      every: fc.integer({ min: 1, max: 15 }),
      offset: fc.integer({ min: -9, max: 9 }),
    })
    const withTicks = stampedStream.chain((stream) =>
      fc.record({
        stream: fc.constant(stream),
        ticks: fc.array(fc.boolean(), { minLength: stream.length, maxLength: stream.length }),
      }),
    )
    fc.assert(
      fc.property(withTicks, spec, options, ({ stream, ticks }, { size, every, offset }, disorder) => {
        const model = new AlignedModel({ size, every, offset }, disorder)
        const results: ModelResult[] = []
        const row = new AggregateRow<Stamped, { readonly ids: readonly number[] }>(shape, { atomic: true })
        const watermark = { value: Number.NEGATIVE_INFINITY }
        const engine = new AlignedWindows<string, { readonly ids: readonly number[] }>(
          new WindowGrid(size, every, offset),
          {
            row,
            watermark,
            allowedLateness: disorder.allowedLateness,
            maxKeys: Number.POSITIVE_INFINITY,
            early: true,
            emit: (result) => results.push({ ...result, value: result.value.ids }),
            onFinal: () => {},
            isOver: () => false,
            onEvicted: undefined,
          },
        )
        for (const [i, event] of stream.entries()) {
          row.read(event, event.at)
          engine.add(event.key, event.key, event.at)
          watermark.value = Math.max(watermark.value, event.at - disorder.maxOutOfOrderness)
          engine.advance()
          const expected = model.push(event)
          if (ticks[i]) {
            const before = results.length
            engine.early()
            const ends = results.slice(before).map((r) => r.window.end)
            expect(ends).toEqual(ends.toSorted((x, y) => x - y))
            expected.push(...model.early())
          }
          expect(ordered(results.splice(0))).toEqual(ordered(expected))
        }
        engine.flush(false)
        expect(ordered(results)).toEqual(ordered(model.complete()))
      }),
      { numRuns: 1000 },
    )
  })

  it('finds the window that contains a timestamp, also if the quotient of floats rounds past it', () => {
    const size = fc.oneof(fc.double({ min: 0.5, max: 1e6, noNaN: true }), fc.integer({ min: 1, max: 1000 }))
    const timestamp = fc.oneof(fc.double({ min: -1e9, max: 1e13, noNaN: true }), fc.integer())
    const offsets = fc.integer({ min: -1000, max: 1000 })
    fc.assert(
      fc.property(size, timestamp, offsets, fc.boolean(), (length, number, offset, isStart) => {
        const grid = new WindowGrid(length, length, offset)
        // The very starts of windows, as the sums of floats have them, are what matters.
        const at = isStart ? grid.windowStart(Math.trunc(number) % 1e6) : number
        const { start, end, firstWindow, lastWindow } = grid.locate(at)
        expect(start).toBeLessThanOrEqual(at)
        expect(end).toBeGreaterThan(at)
        // Not toBe, which tells 0 from -0.
        expect(firstWindow === lastWindow).toBe(true)
      }),
      { numRuns: 5000 },
    )
  })
})

describe('WindowGrid', () => {
  it('finds the last window that has ended, also if the quotient of floats rounds past it', () => {
    const length = fc.oneof(
      fc.double({ min: 0.01, max: 1e4, noNaN: true }),
      fc.integer({ min: 1, max: 1000 }),
    )
    const mark = fc.oneof(
      fc.integer({ min: -1000, max: 1000 }),
      fc.double({ min: -1e6, max: 1e6, noNaN: true }),
    )
    fc.assert(
      fc.property(
        length,
        fc.integer({ min: -9, max: 9 }),
        fc.nat(100),
        mark,
        (size, offset, lateness, at) => {
          const grid = new WindowGrid(size, size, offset)
          // The very ends of windows, as the sums of floats have them, are what matters.
          const watermark = Number.isInteger(at) ? grid.windowEnd(at) + lateness : at
          const last = grid.lastEnded(watermark, lateness)
          expect(grid.windowEnd(last) + lateness).toBeLessThanOrEqual(watermark)
          expect(grid.windowEnd(last + 1) + lateness).toBeGreaterThan(watermark)
        },
      ),
      { numRuns: 5000 },
    )
  })
})

function ordered(results: readonly ModelResult[]): ModelResult[] {
  const panes = ['late', 'on-time', 'early', 'flush']
  return results.toSorted(
    (x, y) =>
      panes.indexOf(x.pane) - panes.indexOf(y.pane) ||
      x.window.end - y.window.end ||
      (x.key < y.key ? -1 : 1),
  )
}
