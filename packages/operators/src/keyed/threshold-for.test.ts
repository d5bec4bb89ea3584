import { VirtualClock } from '@rxsse/testing/virtual-time'
import { Subject } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { event } from '../../test/events.ts'
import { commit } from '../flow/commit.ts'
import { createStage } from '../stage/create-stage.ts'
import { threshold } from './threshold.ts'
import type { ThresholdOptions } from './threshold-options.ts'

interface Metric {
  readonly at: number
  readonly host: string
  readonly cpu: number
}

type Options = Partial<ThresholdOptions<Metric, string, 'warning' | 'critical', 'normal'>>

const levels = { warning: 75, critical: 90 }
const metric = (at: number, cpu: number, host = 'a'): Metric => ({ at, cpu, host })

/** Changes as `[clock, host, at of the event, previous, level]`, with a hold of 10 ms. */
function run(options: Options = {}) {
  const clock = new VirtualClock()
  const source = new Subject<Metric>()
  const stage = createStage('levels')
  const seen: unknown[] = []
  source
    .pipe(
      threshold({
        value: (m) => m.cpu,
        key: (m) => m.host,
        levels,
        for: 10,
        changesOnly: true,
        ...options,
        stage,
        scheduler: clock,
      }),
    )
    .subscribe(({ event, previous, level }) =>
      seen.push([clock.now(), event.host, event.at, previous, level]),
    )
  return { clock, source, stage, taken: () => seen.splice(0) }
}

const timed: Options = { timestamp: (m) => m.at }

describe('threshold with `for`', () => {
  it('changes the level when it has held, by the clock, with the latest event of the key', () => {
    const { clock, source, taken, stage } = run()
    source.next(metric(0, 80))
    clock.advanceTo(6)
    source.next(metric(6, 85))
    clock.advanceTo(9)
    expect(taken()).toEqual([])
    expect(stage.counts()).toMatchObject({ in: 2, dropped: 1, buffered: 1 })
    clock.advanceTo(50)
    expect(taken()).toEqual([[10, 'a', 6, 'normal', 'warning']])
    expect(stage.counts()).toMatchObject({ out: 1, buffered: 0 })
    expect(clock.timers).toBe(0)
  })

  it('starts again if a value leaves the level meanwhile, also when it goes back to normal', () => {
    const { clock, source, taken } = run()
    for (const [time, cpu] of [
      [0, 80],
      [8, 10],
      [9, 80],
      [30, 10],
      [35, 80],
      [40, 10],
    ] as const) {
      clock.advanceTo(time)
      source.next(metric(time, cpu))
    }
    clock.advanceTo(100)
    expect(taken()).toEqual([
      [19, 'a', 9, 'normal', 'warning'],
      [50, 'a', 40, 'warning', 'normal'],
    ])
  })

  it('counts a level that values have gone beyond as held', () => {
    const { clock, source, taken } = run()
    source.next(metric(0, 80))
    clock.advanceTo(7)
    source.next(metric(7, 95))
    clock.advanceTo(100)
    expect(taken()).toEqual([
      [10, 'a', 7, 'normal', 'warning'],
      [17, 'a', 7, 'warning', 'critical'],
    ])
    source.next(metric(100, 0))
    clock.advanceTo(200)
    expect(taken()).toEqual([[110, 'a', 100, 'critical', 'normal']])
  })

  it('uses the hysteresis from the level that values have reached, not from the one that counts', () => {
    const { clock, source, taken } = run({ hysteresis: 5 })
    source.next(metric(0, 76))
    clock.advanceTo(5)
    source.next(metric(5, 71))
    clock.advanceTo(30)
    expect(taken()).toEqual([[10, 'a', 5, 'normal', 'warning']])
  })

  it('goes by event time with `timestamp`, so that a replay gives what the live stream gave', () => {
    const { source, taken } = run(timed)
    for (const [time, cpu, host] of [
      [0, 80, 'a'],
      [3, 80, 'b'],
      [10, 80, 'a'],
      [12, 80, 'a'],
      [25, 0, 'b'],
    ] as const)
      source.next(metric(time, cpu, host))
    expect(taken()).toEqual([
      [0, 'a', 0, 'normal', 'warning'],
      [0, 'b', 3, 'normal', 'warning'],
    ])
  })

  it('goes on with the clock after a silence of `idle`', () => {
    const { clock, source, taken } = run({ ...timed, idle: 5 })
    source.next(metric(1000, 80))
    clock.advanceTo(9)
    expect(taken()).toEqual([])
    clock.advanceTo(10)
    expect(taken()).toEqual([[10, 'a', 1000, 'normal', 'warning']])
  })

  it('sends events behind the watermark, or behind another one of their key, to late', () => {
    const late: number[] = []
    const { source, stage, taken } = run({ ...timed, maxOutOfOrderness: 5, late: (m) => late.push(m.at) })
    for (const [time, host] of [
      [10, 'a'],
      [7, 'b'],
      [9, 'a'],
      [20, 'b'],
      [14, 'c'],
    ] as const)
      source.next(metric(time, 80, host))
    expect(late).toEqual([9, 14])
    expect(stage.counts()).toMatchObject({ in: 5, late: 2 })
    expect(taken()).toEqual([[0, 'b', 7, 'normal', 'warning']])
  })

  it('without `changesOnly` emits each event at once, and the latest again when its level counts', () => {
    const { clock, source, stage, taken } = run({ changesOnly: false })
    source.next(metric(0, 80))
    clock.advanceTo(10)
    source.next(metric(10, 80))
    expect(taken()).toEqual([
      [0, 'a', 0, 'normal', 'normal'],
      [10, 'a', 0, 'normal', 'warning'],
      [10, 'a', 10, 'warning', 'warning'],
    ])
    expect(stage.counts()).toMatchObject({ in: 2, out: 2, buffered: 0 })
  })

  it('does not count a level that has not held at completion, or when its key is evicted', () => {
    const evicted: unknown[] = []
    const { clock, source, stage, taken } = run({ maxKeys: 1, ttl: 50, onEvicted: (e) => evicted.push(e) })
    source.next(metric(0, 80, 'a'))
    source.next(metric(0, 80, 'b'))
    expect(stage.counts()).toMatchObject({ dropped: 1, buffered: 1, keys: 1 })
    clock.advanceTo(5)
    source.next(metric(5, 80, 'a'))
    expect(evicted).toEqual([
      { key: 'a', reason: 'max-keys' },
      { key: 'b', reason: 'max-keys' },
    ])
    source.complete()
    expect(taken()).toEqual([])
    expect(stage.counts()).toMatchObject({ dropped: 3, buffered: 0 })
    expect(clock.timers).toBe(0)
  })

  it('forgets a key after `ttl` by the same time, before a level that would take longer to hold', () => {
    const evicted: unknown[] = []
    const { source, taken } = run({ ...timed, ttl: 5, onEvicted: (e) => evicted.push(e) })
    source.next(metric(0, 80, 'a'))
    source.next(metric(20, 10, 'b'))
    expect(taken()).toEqual([])
    expect(evicted).toEqual([{ key: 'a', reason: 'ttl' }])
  })

  it('lets a commit save what cannot change a level any more', () => {
    const source = new Subject<ReturnType<typeof event<number>>>()
    const stage = createStage('levels')
    const saved: string[] = []
    source
      .pipe(
        threshold({
          value: () => 80,
          timestamp: (e) => e.data,
          levels,
          for: 10,
          changesOnly: true,
          stage,
        }),
        commit({ save: (id) => void saved.push(id) }, { after: stage }),
      )
      .subscribe()
    for (const time of [0, 5, 10]) source.next(event(time, 'message', `${time}`))
    expect(saved.at(-1)).toBe('10')
  })

  it('refuses a `for` that is no duration, and options of event time without it', () => {
    expect(() => threshold({ value: Number, levels, for: 0 })).toThrow(/^threshold: for must be a duration/)
    expect(() => threshold({ value: Number, levels, timestamp: Number })).toThrow(
      /^threshold: timestamp must be left out without for/,
    )
  })
})
