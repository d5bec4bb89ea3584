import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { stampedStream } from '../../test/stamped.ts'
import type { Stamped } from '../../test/window-model.ts'
import { getAggregates } from '../window/aggregates.ts'
import { AggregateRow } from './aggregates/aggregate-row.ts'
import { SessionWindows } from './sessions/session-windows.ts'
import { AlignedWindows } from './slices/aligned-windows.ts'
import { WindowGrid } from './slices/window-grid.ts'
import { SlidingWindows } from './sliding/sliding-windows.ts'
import type { WindowEngine, WindowEngineOptions } from './window-engine.ts'

interface Ids {
  readonly ids: readonly number[]
}
type MakeEngine = (options: WindowEngineOptions<string, Ids>) => WindowEngine<string>

const a = getAggregates<Stamped>()
const span = fc.integer({ min: 1, max: 15 })
const engines: [string, fc.Arbitrary<MakeEngine>][] = [
  [
    'AlignedWindows',
    fc.tuple(span, span).map(
      ([size, every]): MakeEngine =>
        (options) =>
          new AlignedWindows(new WindowGrid(size, every, 0), options),
    ),
  ],
  [
    'SessionWindows',
    fc.tuple(span, fc.constantFrom(Number.POSITIVE_INFINITY, 9)).map(
      ([gap, maxDuration]): MakeEngine =>
        (options) =>
          new SessionWindows(gap, maxDuration, options),
    ),
  ],
  [
    'SlidingWindows',
    span.map(
      (size): MakeEngine =>
        (options) =>
          new SlidingWindows(size, options),
    ),
  ],
]
interface Settings {
  readonly maxOutOfOrderness: number
  readonly allowedLateness: number
  readonly maxKeys: number
}
const settings: fc.Arbitrary<Settings> = fc.record({
  maxOutOfOrderness: fc.integer({ min: 0, max: 10 }),
  allowedLateness: fc.integer({ min: 0, max: 15 }),
  maxKeys: fc.constantFrom(1, 2, Number.POSITIVE_INFINITY),
})

/** An engine with what it tells, and a stream pushed through it. */
function run(make: MakeEngine, stream: readonly Stamped[], options: Settings) {
  const row = new AggregateRow<Stamped, Ids>({ ids: a.collect((e) => e.id) }, { atomic: true })
  const watermark = { value: Number.NEGATIVE_INFINITY }
  const results: Ids[] = []
  let onFinal = 0
  const engine = make({
    ...options,
    row,
    watermark,
    early: false,
    emit: ({ value }) => results.push(value),
    isOver: () => false,
    onFinal: (events) => {
      onFinal += events
    },
    onEvicted: undefined,
  })
  let held = 0
  for (const event of stream) {
    row.read(event, event.at)
    if (engine.add(event.key, event.key, event.at) === 'held') held++
    watermark.value = Math.max(watermark.value, event.at - options.maxOutOfOrderness)
    engine.advance()
  }
  return { row, engine, watermark, results, held, onFinal: () => onFinal }
}

describe.each(engines)('%s', (_, engine) => {
  it('has given back every accumulator, and every key, once all windows are over', () => {
    fc.assert(
      fc.property(engine, stampedStream, settings, (make, stream, options) => {
        const { row, engine, watermark, held, onFinal } = run(make, stream, options)
        watermark.value = 1e13
        engine.advance()
        expect(engine.keys).toBe(0)
        expect(row.size).toBe(0)
        expect(onFinal()).toBe(held)
      }),
      { numRuns: 1000 },
    )
  })

  it('puts no event into the accumulator of a key that maxKeys has pushed out', () => {
    fc.assert(
      fc.property(engine, stampedStream, settings, (make, stream, options) => {
        const keys = new Map(stream.map((event) => [event.id, event.key]))
        const { engine, results, held } = run(make, stream, options)
        engine.flush(false)
        for (const { ids } of results) expect(new Set(ids.map((id) => keys.get(id))).size).toBe(1)
        expect(new Set(results.flatMap(({ ids }) => ids)).size).toBe(held)
      }),
      { numRuns: 1000 },
    )
  })
})
