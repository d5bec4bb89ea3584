import { VirtualClock } from '@rxsse/testing/virtual-time'
import { asyncScheduler, VirtualTimeScheduler } from 'rxjs'
import { describe, expect, it, vi } from 'vitest'
import { createClock } from './clock.ts'
import { Timer } from './timer.ts'

describe('a timer', () => {
  it('fires once, at the time it was last set to', () => {
    const clock = new VirtualClock()
    const rings: number[] = []
    const createTimer = new Timer(createClock(clock), (now) => rings.push(now))
    createTimer.set(100)
    createTimer.set(50)
    createTimer.set(70)
    clock.runOut()
    expect(rings).toEqual([70])
  })

  it('creates no new timeout when it is moved later', () => {
    const clock = new VirtualClock()
    const scheduled = vi.spyOn(clock, 'schedule')
    const rings: number[] = []
    const createTimer = new Timer(createClock(clock), (now) => rings.push(now))
    for (let i = 0; i < 1000; i++) createTimer.set(1000 + i)
    clock.runOut()
    expect(rings).toEqual([1999])
    expect(scheduled).toHaveBeenCalledTimes(2)
  })

  it('leaves no timeout when it is cleared, set to Infinity or unsubscribed', () => {
    const clock = new VirtualClock()
    const createTimer = new Timer(createClock(clock), () => expect.unreachable())
    for (const stop of [
      () => createTimer.clear(),
      () => createTimer.set(Number.POSITIVE_INFINITY),
      () => createTimer.unsubscribe(),
    ]) {
      createTimer.set(10)
      stop()
      expect(clock.timers).toBe(0)
    }
    clock.runOut()
  })

  it('can be set for longer than a timeout can run', () => {
    const clock = new VirtualClock()
    const rings: number[] = []
    const createTimer = new Timer(createClock(clock), (now) => rings.push(now))
    createTimer.set(2 ** 31 + 5)
    clock.advanceTo(2 ** 31 + 4)
    expect(rings).toEqual([])
    clock.runOut()
    expect(rings).toEqual([2 ** 31 + 5])
  })

  it('fires only once if a timeout is early, or if the clock was set back meanwhile', () => {
    const clock = new VirtualClock()
    const rings: number[] = []
    const createTimer = new Timer(createClock(clock), (now) => rings.push(now))
    createTimer.set(100)
    const now = clock.now
    clock.now = () => now() - 1_000_000
    clock.advanceTo(100)
    expect(rings).toEqual([100])
    expect(clock.timers).toBe(0)
  })

  it('fires at once for a time in the past, also on the real clock', async () => {
    await new Promise<void>((resolve) => new Timer(createClock(asyncScheduler), () => resolve()).set(0))
    const virtual = new VirtualTimeScheduler()
    virtual.frame = 50
    const rings: number[] = []
    new Timer(createClock(virtual), (now) => rings.push(now)).set(10)
    virtual.flush()
    expect(rings).toEqual([50])
  })
})
