import { VirtualClock } from '@rxsse/testing/virtual-time'
import { Subject } from 'rxjs'
import { describe, expect, expectTypeOf, it } from 'vitest'
import { conformance } from '../../test/conformance.ts'
import { at, driven, type Reading } from '../../test/driven-windows.ts'
import type { WindowResult } from '../engine/window-engine.ts'
import { threshold } from '../keyed/threshold.ts'
import { createProgress } from '../progress/progress.ts'
import { createStage } from '../stage/create-stage.ts'
import type { Aggregates } from './aggregates.ts'
import { collectWindow } from './collect-window.ts'
import { hopping, session, tumbling } from './spec.ts'
import { windowAggregate } from './window-aggregate.ts'

const timestamp = (r: Reading) => r.at

describe('fill', () => {
  it('gives windows without events a count of 0, from the first window of a key on', () => {
    const { source, taken } = driven(tumbling(10), { fill: true, key: (r) => r.sensor })
    for (const [time, sensor] of [
      [1, 'a'],
      [25, 'b'],
      [41, 'a'],
    ] as const)
      source.next(at(time, 1, sensor))
    expect(taken()).toEqual([
      [0, 'a', 0, 10, 1, 'on-time', 0],
      [0, 'a', 10, 20, 0, 'on-time', 0],
      [0, 'a', 20, 30, 0, 'on-time', 0],
      [0, 'b', 20, 30, 1, 'on-time', 0],
      [0, 'a', 30, 40, 0, 'on-time', 0],
      [0, 'b', 30, 40, 0, 'on-time', 0],
    ])
    source.complete()
    // Nothing is known about windows after the last event.
    expect(taken()).toEqual([[0, 'a', 40, 50, 1, 'flush', 0]])
  })

  it('gives them when the watermark comes to their end by the clock, so that an alarm on counts ends in time', () => {
    const clock = new VirtualClock()
    const source = new Subject<Reading>()
    const changes: unknown[] = []
    source
      .pipe(
        windowAggregate(tumbling('1m'), {
          timestamp,
          idle: '1s',
          fill: true,
          scheduler: clock,
          aggregates: (a) => ({ errors: a.count() }),
        }),
        threshold({ value: ({ value }) => value.errors, levels: { alarm: 3 }, changesOnly: true }),
      )
      .subscribe(({ level }) => changes.push([clock.now(), level]))
    for (const time of [1000, 2000, 3000]) {
      clock.advanceTo(time)
      source.next(at(time))
    }
    clock.advanceTo(59_999)
    expect(changes).toEqual([])
    clock.advanceTo(119_999)
    expect(changes).toEqual([[60_000, 'alarm']])
    clock.advanceTo(120_000)
    expect(changes).toEqual([
      [60_000, 'alarm'],
      [120_000, 'normal'],
    ])
  })

  it('stops after `maxEmpty` empty windows in a row, tells onEvicted, and leaves no timer', () => {
    const clock = new VirtualClock()
    const source = new Subject<Reading>()
    const stage = createStage('windows')
    const seen: unknown[] = []
    source
      .pipe(
        windowAggregate(tumbling(10), {
          timestamp,
          idle: 1,
          fill: true,
          maxEmpty: 2,
          key: (r) => r.sensor,
          onEvicted: (eviction) => seen.push(eviction),
          stage,
          scheduler: clock,
          aggregates: (a) => ({ n: a.count() }),
        }),
      )
      .subscribe(({ window, value }) => seen.push([window.start, value.n]))
    source.next(at(1))
    clock.runOut()
    expect(seen.splice(0)).toEqual([[0, 1], [10, 0], [20, 0], { key: 'a', reason: 'max-empty' }])
    expect(clock.timers).toBe(0)
    expect(stage.counts().keys).toBe(0)
    source.next(at(101))
    clock.runOut()
    expect(seen).toEqual([[100, 1], [110, 0], [120, 0], { key: 'a', reason: 'max-empty' }])
  })

  it('does not emit millions of results if event time jumps by ten years', () => {
    const { source, taken } = driven(tumbling('1m'), { fill: true })
    source.next(at(0))
    source.next(at(10 * 365 * 86_400_000))
    expect(taken()).toHaveLength(1001)
  })

  it('takes the value of the window before with `previous`', () => {
    const { source, taken } = driven(hopping({ size: 10, every: 5 }), { fill: 'previous' })
    for (const time of [1, 2, 21]) source.next(at(time))
    expect(taken().map((result) => (result as unknown[]).slice(2, 5))).toEqual([
      [-5, 5, 2],
      [0, 10, 2],
      [5, 15, 2],
      [10, 20, 2],
    ])
  })

  it('fills with what a function makes of the key, the window and the value before', () => {
    const source = new Subject<Reading>()
    const seen: unknown[] = []
    source
      .pipe(
        windowAggregate(tumbling(10), {
          timestamp,
          key: (r) => r.sensor,
          aggregates: (a) => ({ last: a.last((r) => r.value) }),
          fill: ({ key, window, previous }) => {
            expect(key).toBe('a')
            return { last: previous.last + window.start }
          },
        }),
      )
      .subscribe(({ value, empty }) => seen.push([value.last, empty]))
    source.next(at(1, 5))
    source.next(at(35, 6))
    expect(seen).toEqual([
      [5, undefined],
      [15, true],
      [35, true],
    ])
  })

  it('revises an empty window that a late event comes to', () => {
    const { source, taken } = driven(tumbling(10), { fill: true, allowedLateness: 30 })
    for (const time of [1, 21]) source.next(at(time))
    taken()
    source.next(at(12))
    expect(taken()).toEqual([[0, undefined, 10, 20, 1, 'late', 1]])
  })

  it('waits for a feed that is away: what looks like an empty window may only be late', () => {
    const progress = createProgress()
    const feed = progress.feed('a')
    feed.state.next({ status: 'open' })
    const { clock, source, taken } = driven(tumbling(10), { fill: true, progress, feed: () => 'a', idle: 5 })
    source.next(at(1))
    feed.state.next({ status: 'waiting' })
    clock.advanceBy(100)
    expect(taken()).toEqual([])
    feed.state.next({ status: 'open' })
    source.next(at(12))
    source.next(at(31))
    expect(taken()).toEqual([
      [100, undefined, 0, 10, 1, 'on-time', 0],
      [100, undefined, 10, 20, 1, 'on-time', 0],
      [100, undefined, 20, 30, 0, 'on-time', 0],
    ])
    // An open feed that is silent is not waited for.
    clock.advanceBy(19)
    expect(taken()).toEqual([
      [109, undefined, 30, 40, 1, 'on-time', 0],
      [119, undefined, 40, 50, 0, 'on-time', 0],
    ])
  })

  it('is collected with the results of the other keys', () => {
    const source = new Subject<Reading>()
    const lists: unknown[] = []
    source
      .pipe(
        windowAggregate(tumbling(10), {
          timestamp,
          key: (r) => r.sensor,
          fill: true,
          aggregates: (a) => ({ n: a.count() }),
        }),
        collectWindow(),
      )
      .subscribe(({ window, results }) =>
        lists.push([window.start, ...results.map(({ key, value }) => `${key} ${value.n}`)]),
      )
    for (const [time, sensor] of [
      [1, 'a'],
      [2, 'b'],
      [11, 'b'],
      [31, 'a'],
    ] as const)
      source.next(at(time, 1, sensor))
    source.complete()
    expect(lists).toEqual([
      [0, 'a 1', 'b 1'],
      [10, 'a 0', 'b 1'],
      [20, 'a 0', 'b 0'],
      [30, 'a 1'],
    ])
  })

  it('makes a value that may be missing null in the type, and leaves counts and lists as they are', () => {
    const source = new Subject<Reading>()
    source
      .pipe(
        windowAggregate(tumbling(10), {
          timestamp,
          fill: true,
          aggregates: (a) => ({
            n: a.count(),
            sum: a.sum((r) => r.value),
            newest: a.last(),
            all: a.collect((r) => r.value),
            custom: a.custom({ create: () => '', add: (s) => s, merge: (s) => s, result: (s) => s }),
          }),
        }),
      )
      .subscribe((result) => {
        expectTypeOf(result).toEqualTypeOf<
          WindowResult<
            undefined,
            {
              readonly n: number
              readonly sum: number | null
              readonly newest: Reading | null
              readonly all: readonly number[]
              readonly custom: string
            }
          >
        >()
      })
    source
      .pipe(windowAggregate(tumbling(10), { fill: 'previous', aggregates: (a) => ({ sum: a.sum(() => 1) }) }))
      .subscribe(({ value }) => expectTypeOf(value).toEqualTypeOf<{ readonly sum: number }>())
  })

  it('refuses sessions, limits that are no whole numbers, and a limit of nothing', () => {
    const aggregates = (a: Aggregates<unknown>) => ({ n: a.count() })
    expect(() => windowAggregate(session(1), { fill: true, aggregates })).toThrow(
      'windowAggregate: fill must be left out for sessions',
    )
    expect(() => windowAggregate(tumbling(1), { fill: true, maxEmpty: 0, aggregates })).toThrow(
      /^windowAggregate: maxEmpty must be a whole number/,
    )
    expect(() => windowAggregate(tumbling(1), { maxEmpty: 1, aggregates })).toThrow(
      'windowAggregate: maxEmpty must be left out without fill',
    )
    expect(() => windowAggregate(tumbling(1), { fill: 'zero' as 'previous', aggregates })).toThrow(
      "windowAggregate: fill must be true, 'previous' or a function",
    )
  })
})

conformance<Reading, unknown>('windowAggregate with fill', {
  operator: (options) =>
    windowAggregate(tumbling(4), {
      ...options,
      timestamp,
      idle: 5,
      fill: true,
      maxEmpty: 3,
      key: (r) => r.sensor,
      aggregates: (a) => ({ n: a.count() }),
    }),
  input: (i) => at(i * 3, i, `s${i % 3}`),
  failing: (fail, options) =>
    windowAggregate(tumbling(4), {
      ...options,
      timestamp: fail,
      fill: true,
      aggregates: (a) => ({ n: a.count() }),
    }),
  bounded: {
    keys: 50,
    operator: (options) =>
      windowAggregate(tumbling(4), {
        ...options,
        timestamp,
        fill: true,
        maxEmpty: 2,
        maxKeys: 50,
        key: (r) => r.at,
        aggregates: (a) => ({ n: a.count() }),
      }),
  },
})
