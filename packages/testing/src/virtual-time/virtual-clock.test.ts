import { describe, expect, it } from 'vitest'
import { VirtualClock } from './virtual-clock.ts'

describe('a virtual clock', () => {
  it('starts at 0 and runs timers in the order of their times when it advances', () => {
    const clock = new VirtualClock()
    const seen: [string, number][] = []
    for (const [name, delay] of [
      ['c', 30],
      ['a', 10],
      ['b', 10],
      ['d', 31],
    ] as const) {
      clock.schedule(() => seen.push([name, clock.now()]), delay)
    }
    expect([clock.now(), clock.timers]).toEqual([0, 4])
    clock.advanceTo(9)
    expect([seen, clock.now()]).toEqual([[], 9])
    clock.advanceBy(21)
    expect(seen).toEqual([
      ['a', 10],
      ['b', 10],
      ['c', 30],
    ])
    expect([clock.now(), clock.timers]).toEqual([30, 1])
  })

  it('runs timers that timers set, up to the given time', () => {
    const clock = new VirtualClock()
    let rings = 0
    clock.schedule(function (this: { schedule(state: undefined, delay: number): void }) {
      rings++
      this.schedule(undefined, 10)
    }, 10)
    clock.advanceTo(35)
    expect([rings, clock.timers]).toEqual([3, 1])
  })

  it('runs all timers with runOut, and stops at the time of the last one', () => {
    const clock = new VirtualClock()
    clock.schedule(() => clock.schedule(() => {}, 5), 1_000_000)
    clock.runOut()
    expect([clock.now(), clock.timers]).toEqual([1_000_005, 0])
  })

  it('does not go back, and does not count an unsubscribed timer', () => {
    const clock = new VirtualClock()
    clock.advanceTo(50)
    clock.schedule(() => {}, 10).unsubscribe()
    clock.advanceTo(20)
    expect([clock.now(), clock.timers]).toEqual([50, 0])
  })

  it('throws for a time that is not finite', () => {
    const clock = new VirtualClock()
    expect(() => clock.advanceTo(Number.NaN)).toThrow(
      'time must be a finite number of milliseconds, not the number NaN',
    )
    expect(() => clock.advanceBy(Number.POSITIVE_INFINITY)).toThrow('not the number Infinity')
  })
})
