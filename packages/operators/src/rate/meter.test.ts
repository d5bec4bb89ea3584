import { VirtualClock } from '@rxsse/testing/virtual-time'
import { Subject } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { conformance } from '../../test/conformance.ts'
import { copyState, keepState } from '../../test/kept.ts'
import { meter, type Rate } from './meter.ts'

describe('meter', () => {
  it('reaches the rate of a steady stream, and falls to 0 when the stream stops', () => {
    const clock = new VirtualClock()
    const source = new Subject<number>()
    const seen: Rate[] = []
    source.pipe(meter({ every: '1s', halfLife: '2s', scheduler: clock })).subscribe((r) => seen.push(r))
    for (let i = 0; i < 500; i++) {
      source.next(i)
      clock.advanceBy(20)
    }
    expect(seen).toHaveLength(10)
    for (const rate of seen) expect(rate.perSecond).toBeCloseTo(50, 9)
    expect(seen.at(-1)).toMatchObject({ count: 50, total: 500 })
    clock.advanceBy(2000)
    expect(seen.at(-1)?.perSecond).toBeCloseTo(25, 9)
    clock.runOut()
    expect(seen.at(-1)).toEqual({ perSecond: 0, count: 0, total: 500 })
    expect(clock.timers).toBe(0)
  })

  it('moves half of the way to a new rate in its half-life', () => {
    const clock = new VirtualClock()
    const source = new Subject<number>()
    const seen: number[] = []
    source
      .pipe(meter({ every: '1s', halfLife: '1s', scheduler: clock }))
      .subscribe((r) => seen.push(r.perSecond))
    const second = (n: number) => {
      for (let i = 0; i < n; i++) source.next(i)
      clock.advanceBy(1000)
    }
    for (const n of [10, 20, 20, 0]) second(n)
    expect(seen).toEqual([10, 15, 17.5, 8.75])
  })

  it('measures again in a job whose stream had completed', () => {
    const clock = new VirtualClock()
    const start = () => {
      const source = new Subject<number>()
      const { stage, state } = keepState()
      const totals: number[] = []
      source.pipe(meter({ every: 100, scheduler: clock, stage })).subscribe((r) => totals.push(r.total))
      return { source, state, totals }
    }
    const first = start()
    first.source.next(1)
    first.source.complete()
    const second = start()
    second.state().restore(copyState(first.state(), () => {}))
    second.source.next(2)
    clock.advanceBy(100)
    expect([first.totals, second.totals]).toEqual([[1], [2]])
  })

  it('starts again after a silence', () => {
    const clock = new VirtualClock()
    const source = new Subject<number>()
    const seen: Rate[] = []
    source.pipe(meter({ every: 100, halfLife: 10, scheduler: clock })).subscribe((r) => seen.push(r))
    source.next(1)
    clock.advanceBy(5000)
    source.next(2)
    clock.advanceBy(100)
    expect(seen.filter((r) => r.count > 0)).toEqual([
      { perSecond: 10, count: 1, total: 1 },
      { perSecond: 10, count: 1, total: 2 },
    ])
  })
})

conformance<number, Rate>('meter', { operator: meter, input: (i) => i })
