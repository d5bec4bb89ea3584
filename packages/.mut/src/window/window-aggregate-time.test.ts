import { VirtualClock } from '@rxsse/testing/virtual-time'
import { Subject } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { at, driven } from '../../test/driven-windows.ts'
import { hopping, session, tumbling } from './spec.ts'
import { windowAggregate } from './window-aggregate.ts'

describe('event time', () => {
  it('waits for events that are out of order by at most maxOutOfOrderness', () => {
    const late: number[] = []
    const { source, taken } = driven(tumbling(10), { maxOutOfOrderness: 5, late: (r) => late.push(r.at) })
    for (const time of [9, 14, 8]) source.next(at(time))
    expect(taken()).toEqual([])
    source.next(at(15))
    expect(taken()).toEqual([[0, undefined, 0, 10, 2, 'on-time', 0]])
    source.next(at(9))
    expect(late).toEqual([9])
  })

  it('takes late events within the allowed lateness, each with a new revision', () => {
    const late: number[] = []
    const { source, taken } = driven(tumbling(10), { allowedLateness: 5, late: (r) => late.push(r.at) })
    for (const time of [1, 10, 2, 14, 3, 15, 4]) source.next(at(time))
    expect(taken()).toEqual([
      [0, undefined, 0, 10, 1, 'on-time', 0],
      [0, undefined, 0, 10, 2, 'late', 1],
      [0, undefined, 0, 10, 3, 'late', 2],
    ])
    expect(late).toEqual([4])
  })

  it('moves windows by the offset, before 1970 too', () => {
    const { source, taken } = driven(tumbling('1d', { offset: -8 * 3_600_000 }))
    source.next(at(-1))
    source.next(at(16 * 3_600_000))
    source.complete()
    expect(taken()).toMatchObject([
      [0, undefined, -8 * 3_600_000, 16 * 3_600_000, 1, 'on-time', 0],
      [0, undefined, 16 * 3_600_000, 40 * 3_600_000, 1, 'flush', 0],
    ])
  })

  it('takes a Date as a timestamp', () => {
    const { source, taken } = driven(tumbling('1h'), { timestamp: (r) => new Date(r.at) })
    source.next(at(3_600_000))
    source.complete()
    expect(taken()).toEqual([[0, undefined, 3_600_000, 7_200_000, 1, 'flush', 0]])
  })

  it('rejects an event without a finite timestamp', () => {
    const invalid: number[] = []
    const { source, taken } = driven(tumbling(10), { onInvalid: (r) => invalid.push(r.at) })
    for (const time of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) source.next(at(time))
    source.next(at(1))
    source.complete()
    expect(taken()).toEqual([[0, undefined, 0, 10, 1, 'flush', 0]])
    expect(invalid).toHaveLength(3)
  })

  it('ignores one timestamp from the far future', () => {
    const { clock, source, taken } = driven(tumbling(10), { maxFutureDrift: 100 })
    clock.advanceTo(1000)
    source.next(at(1005))
    source.next(at(9_000_000))
    source.next(at(1006))
    expect(taken()).toEqual([])
    source.next(at(1010))
    expect(taken()).toEqual([[1000, undefined, 1000, 1010, 2, 'on-time', 0]])
    source.complete()
    expect(taken()).toEqual([
      [1000, undefined, 1010, 1020, 1, 'flush', 0],
      [1000, undefined, 9_000_000, 9_000_010, 1, 'flush', 0],
    ])
  })

  it('closes a window by the clock if all its events were too far ahead to move the watermark', () => {
    const { clock, source, taken } = driven(tumbling(10), { maxFutureDrift: 100, idle: 50 })
    clock.advanceTo(1000)
    source.next(at(9005))
    clock.advanceTo(9009)
    expect(taken()).toEqual([])
    clock.runOut()
    expect(taken()).toEqual([[9010, undefined, 9000, 9010, 1, 'on-time', 0]])
    expect(clock.timers).toBe(0)
  })

  it('closes the windows of a quiet stream by the clock', () => {
    const { clock, source, taken } = driven(tumbling(100), { idle: 20, maxOutOfOrderness: 10 })
    clock.advanceTo(5000)
    source.next(at(30))
    clock.advanceTo(5000 + 79)
    expect(taken()).toEqual([])
    clock.runOut()
    // Event time was at 30, the watermark at 20: eighty milliseconds of silence bring it to 100.
    expect(taken()).toEqual([[5080, undefined, 0, 100, 1, 'on-time', 0]])
    expect(clock.timers).toBe(0)
  })

  it('ignores a pause that is shorter than idle', () => {
    const { clock, source, taken } = driven(tumbling(100), { idle: 50 })
    source.next(at(95))
    clock.advanceBy(49)
    expect(taken()).toEqual([])
    source.next(at(96))
    clock.advanceBy(49)
    expect(taken()).toEqual([])
    clock.advanceBy(1)
    expect(taken()).toHaveLength(1)
  })

  it('is the time of arrival without timestamps, and windows then close by the clock', () => {
    const clock = new VirtualClock()
    const source = new Subject<string>()
    const seen: unknown[] = []
    source
      .pipe(
        windowAggregate(tumbling('1s'), { scheduler: clock, aggregates: (a) => ({ words: a.collect() }) }),
      )
      .subscribe(({ window, value }) => seen.push([clock.now(), window.start, value.words]))
    source.next('a')
    clock.advanceTo(999)
    source.next('b')
    clock.advanceTo(1500)
    source.next('c')
    clock.runOut()
    expect(seen).toEqual([
      [1000, 0, ['a', 'b']],
      [2000, 1000, ['c']],
    ])
  })

  it('closes a quiet session too', () => {
    const { clock, source, taken } = driven(session(100), { idle: 10 })
    for (const time of [0, 50, 150]) source.next(at(time))
    clock.runOut()
    expect(taken()).toEqual([[expect.closeTo(100), undefined, 0, 250, 3, 'on-time', 0]])
    expect(clock.timers).toBe(0)
  })
})

describe('early results', () => {
  it('come while a window is open and changes, and count as revisions', () => {
    const { clock, source, taken } = driven(tumbling(1000), { early: 10 })
    source.next(at(1))
    clock.advanceBy(25)
    expect(taken()).toEqual([[10, undefined, 0, 1000, 1, 'early', 0]])
    source.next(at(2))
    source.next(at(3))
    clock.advanceBy(10)
    expect(taken()).toEqual([[35, undefined, 0, 1000, 3, 'early', 1]])
    source.next(at(1000))
    expect(taken()).toEqual([[35, undefined, 0, 1000, 3, 'on-time', 2]])
    expect(clock.timers).toBe(1)
  })

  it('come for every open window of the event, by end, then by key', () => {
    const { clock, source, taken } = driven(hopping({ size: 20, every: 10 }), {
      early: 5,
      key: (r) => r.sensor,
    })
    source.next(at(15, 1, 'b'))
    source.next(at(5, 1, 'a'))
    clock.runOut()
    expect(taken()).toEqual([
      [5, 'b', 0, 20, 1, 'early', 0],
      [5, 'a', 0, 20, 1, 'early', 0],
      [5, 'b', 10, 30, 1, 'early', 0],
    ])
  })

  it('come also if every event was too far ahead to move the watermark', () => {
    const { clock, source, taken } = driven(tumbling(10), { early: 5, maxFutureDrift: 100 })
    source.next(at(1001))
    source.next(at(2001))
    clock.advanceBy(5)
    expect(taken()).toEqual([
      [5, undefined, 1000, 1010, 1, 'early', 0],
      [5, undefined, 2000, 2010, 1, 'early', 0],
    ])
  })

  it('come only for sessions that have changed', () => {
    const { clock, source, taken } = driven(session(100), { early: 5, key: (r) => r.sensor })
    source.next(at(0, 1, 'a'))
    clock.advanceBy(5)
    source.next(at(0, 1, 'b'))
    clock.advanceBy(5)
    expect(taken()).toEqual([
      [5, 'a', 0, 100, 1, 'early', 0],
      [10, 'b', 0, 100, 1, 'early', 0],
    ])
  })

  it('come for sessions', () => {
    const { clock, source, taken } = driven(session(100), { early: 5 })
    source.next(at(0))
    clock.advanceBy(5)
    source.next(at(50))
    clock.runOut()
    source.complete()
    expect(taken()).toEqual([
      [5, undefined, 0, 100, 1, 'early', 0],
      [10, undefined, 0, 150, 2, 'early', 1],
      [10, undefined, 0, 150, 2, 'flush', 2],
    ])
  })
})
