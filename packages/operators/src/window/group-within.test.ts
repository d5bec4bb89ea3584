import { VirtualClock } from '@rxsse/testing/virtual-time'
import fc from 'fast-check'
import { Subject } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { conformance } from '../../test/conformance.ts'
import { groupWithin } from './group-within.ts'

describe('groupWithin', () => {
  it('emits a group when it is full, or maxWait after its first event', () => {
    const clock = new VirtualClock()
    const source = new Subject<number>()
    const seen: unknown[] = []
    source
      .pipe(groupWithin({ maxItems: 3, maxWait: '1s', scheduler: clock }))
      .subscribe((g) => seen.push([clock.now(), g]))
    for (const [time, n] of [
      [0, 0],
      [10, 1],
      [20, 2],
      [500, 3],
      [1400, 4],
    ] as const) {
      clock.advanceTo(time)
      source.next(n)
    }
    clock.runOut()
    expect(seen).toEqual([
      [20, [0, 1, 2]],
      [1500, [3, 4]],
    ])
    expect(clock.timers).toBe(0)
  })

  it('keeps groups within their weight, and makes a group of an event that is too heavy', () => {
    const source = new Subject<number>()
    const seen: unknown[] = []
    source.pipe(groupWithin({ maxWeight: 10, weight: (n) => n })).subscribe((g) => seen.push(g))
    for (const n of [4, 4, 4, 6, 25, 1]) source.next(n)
    source.complete()
    expect(seen).toEqual([[4, 4], [4, 6], [25], [1]])
  })

  it('loses nothing, keeps the order, and keeps its limits', () => {
    const steps = fc.array(
      fc.record({ wait: fc.integer({ min: 0, max: 9 }), weight: fc.integer({ min: 0, max: 7 }) }),
    )
    const bounds = fc.record({
      maxItems: fc.integer({ min: 1, max: 5 }),
      maxWait: fc.integer({ min: 1, max: 12 }),
      maxWeight: fc.integer({ min: 1, max: 12 }),
    })
    fc.assert(
      fc.property(steps, bounds, (stream, limits) => {
        const clock = new VirtualClock()
        const source = new Subject<{ id: number; weight: number; at: number }>()
        const groups: { id: number; weight: number; at: number }[][] = []
        source.pipe(groupWithin({ ...limits, weight: (e) => e.weight, scheduler: clock })).subscribe((g) => {
          expect(g.length).toBeGreaterThan(0)
          expect(g.length).toBeLessThanOrEqual(limits.maxItems)
          if (g.length > 1)
            expect(g.reduce((sum, e) => sum + e.weight, 0)).toBeLessThanOrEqual(limits.maxWeight)
          expect(clock.now() - (g[0]?.at ?? 0)).toBeLessThanOrEqual(limits.maxWait)
          groups.push([...g])
        })
        for (const [id, { wait, weight }] of stream.entries()) {
          clock.advanceBy(wait)
          source.next({ id, weight, at: clock.now() })
        }
        source.complete()
        expect(groups.flat().map((e) => e.id)).toEqual([...stream.keys()])
      }),
    )
  })

  it('needs a limit', () => {
    expect(() => groupWithin({})).toThrow('groupWithin needs at least one of maxItems, maxWeight and maxWait')
    expect(() => groupWithin({ maxItems: 0 })).toThrow(
      'groupWithin: maxItems must be a whole number of at least 1, or Infinity, not the number 0',
    )
    expect(() => groupWithin({ maxWeight: 0 })).toThrow(
      'groupWithin: maxWeight must be a number above 0, not the number 0',
    )
  })
})

conformance<number, readonly number[]>('groupWithin', {
  operator: (options) => groupWithin({ maxItems: 4, maxWait: '1s', ...options }),
  input: (i) => i,
  failing: (fail, options) => groupWithin({ maxWeight: 3, weight: fail, ...options }),
})
