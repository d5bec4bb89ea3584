import { VirtualClock } from '@rxsse/testing/virtual-time'
import { asyncScheduler, VirtualTimeScheduler } from 'rxjs'
import { describe, expect, it, vi } from 'vitest'
import { Alarm } from './timer.ts'

describe('an alarm', () => {
  it('rings once, at the time it was last set to', () => {
    const clock = new VirtualClock()
    const rings: number[] = []
    const alarm = new Alarm(clock, (now) => rings.push(now))
    alarm.set(100)
    alarm.set(50)
    alarm.set(70)
    clock.runOut()
    expect(rings).toEqual([70])
  })

  it('makes no new timer when it is moved later', () => {
    const clock = new VirtualClock()
    const scheduled = vi.spyOn(clock, 'schedule')
    const rings: number[] = []
    const alarm = new Alarm(clock, (now) => rings.push(now))
    for (let i = 0; i < 1000; i++) alarm.set(1000 + i)
    clock.runOut()
    expect(rings).toEqual([1999])
    expect(scheduled).toHaveBeenCalledTimes(2)
  })

  it('leaves no timer when it is cleared, set to Infinity or unsubscribed', () => {
    const clock = new VirtualClock()
    const alarm = new Alarm(clock, () => expect.unreachable())
    for (const stop of [
      () => alarm.clear(),
      () => alarm.set(Number.POSITIVE_INFINITY),
      () => alarm.unsubscribe(),
    ]) {
      alarm.set(10)
      stop()
      expect(clock.timers).toBe(0)
    }
    clock.runOut()
  })

  it('can be set for longer than a timer can run', () => {
    const clock = new VirtualClock()
    const rings: number[] = []
    const alarm = new Alarm(clock, (now) => rings.push(now))
    alarm.set(2 ** 31 + 5)
    clock.advanceTo(2 ** 31 + 4)
    expect(rings).toEqual([])
    clock.runOut()
    expect(rings).toEqual([2 ** 31 + 5])
  })

  it('takes a timer that fires early, or a clock that was set back meanwhile, for the time it was set to', () => {
    const clock = new VirtualClock()
    const rings: number[] = []
    const alarm = new Alarm(clock, (now) => rings.push(now))
    alarm.set(100)
    const now = clock.now
    clock.now = () => now() - 1_000_000
    clock.advanceTo(100)
    expect(rings).toEqual([100])
    expect(clock.timers).toBe(0)
  })

  it('rings at once for a time that is over, also on the real clock', async () => {
    await new Promise<void>((resolve) => new Alarm(asyncScheduler, () => resolve()).set(0))
    const virtual = new VirtualTimeScheduler()
    virtual.frame = 50
    const rings: number[] = []
    new Alarm(virtual, (now) => rings.push(now)).set(10)
    virtual.flush()
    expect(rings).toEqual([50])
  })
})
