import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Sample } from '../sample.ts'
import { History, SPAN } from './history.ts'

const sampleAt = (time: number, cpu = 0): Sample => ({
  time,
  process: { pid: 1, uptime: 0, memory: 0, cpu },
  sources: [],
  pipelines: [],
  sinks: [],
  jobs: [],
})
const readCpu = ({ process }: Sample) => process?.cpu

describe('the history of the page', () => {
  it('gives rates a second', () => {
    const history = new History()
    expect(history.rate(readCpu)).toBe(0)
    for (const [time, cpu] of [
      [1_000, 10],
      [2_000, 30],
      [4_000, 30],
    ] as const) {
      history.add(sampleAt(time, cpu))
    }
    expect(history.rate(readCpu)).toBeCloseTo(20 / 3)
    expect(history.rate(readCpu, 2_000)).toBe(0)
    expect(history.rates(readCpu)).toEqual([
      [2_000, 20],
      [4_000, 0],
    ])
  })

  it('begins anew if the clock of the server goes back', () => {
    const history = new History()
    history.add(sampleAt(5_000, 10))
    history.add(sampleAt(4_000, 20))
    expect(history.rates(readCpu)).toEqual([])
    expect(history.latest?.time).toBe(4_000)
  })

  it('keeps five minutes', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 100_000 }), { maxLength: 60 }), (gaps) => {
        const history = new History()
        let time = 0
        const times: number[] = []
        for (const gap of gaps) {
          time += gap
          times.push(time)
          history.add(sampleAt(time, time))
          // The first sample has no rate, because there is none before it.
          const kept = times.filter((at) => at >= time - SPAN).slice(1)
          const rates = history.rates(readCpu)
          expect(rates.map(([at]) => at)).toEqual(kept)
          for (const [, rate] of rates) expect(rate).toBeCloseTo(1_000)
        }
      }),
    )
  })
})
