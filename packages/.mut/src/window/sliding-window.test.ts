import { VirtualClock } from '@rxsse/testing/virtual-time'
import { Subject } from 'rxjs'
import { describe, expect, expectTypeOf, it } from 'vitest'
import { conformance } from '../../test/conformance.ts'
import { at, type Reading } from '../../test/driven-windows.ts'
import { event } from '../../test/events.ts'
import type { WindowResult } from '../engine/window-engine.ts'
import { commit } from '../flow/commit.ts'
import { createStage } from '../stage/create-stage.ts'
import { latestResults } from './latest-results.ts'
import { type SlidingWindowOptions, slidingWindow } from './sliding-window.ts'

type Options = Omit<SlidingWindowOptions<Reading, string, never>, 'aggregates' | 'scheduler' | 'size'>

/** Windows of 10 ms. Results are `[key, end, sum, pane, revision]`. */
function run(options: Options = {}) {
  const clock = new VirtualClock()
  const source = new Subject<Reading>()
  const seen: unknown[] = []
  source
    .pipe(
      slidingWindow({
        size: 10,
        timestamp: (r: Reading) => r.at,
        ...options,
        scheduler: clock,
        aggregates: (a) => ({ sum: a.sum((r) => r.value) }),
      }),
    )
    .subscribe(({ key, window, value, pane, revision }) => {
      expect(window.end - window.start).toBe(10)
      seen.push([key, window.end, value.sum, pane, revision])
    })
  return { clock, source, taken: () => seen.splice(0) }
}

describe('slidingWindow', () => {
  it('emits for each event at once what its key had in the time before it', () => {
    const { source, taken } = run({ key: (r) => r.sensor })
    source.next(at(1, 1, 'a'))
    expect(taken()).toEqual([['a', 1, 1, 'on-time', 0]])
    source.next(at(5, 2, 'b'))
    expect(taken()).toEqual([['b', 5, 2, 'on-time', 0]])
    source.next(at(10, 4, 'a'))
    expect(taken()).toEqual([['a', 10, 5, 'on-time', 0]])
  })

  it('contains an event just after the start of the window, and not one at it', () => {
    const { source, taken } = run()
    for (const time of [0, 0.5, 10]) source.next(at(time))
    expect(taken().at(-1)).toEqual([undefined, 10, 2, 'on-time', 0])
  })

  it('gives simultaneous events revisions of one window, the last of which contains them all', () => {
    const { source, taken } = run()
    for (const value of [1, 2, 4]) source.next(at(3, value))
    expect(taken()).toEqual([
      [undefined, 3, 1, 'on-time', 0],
      [undefined, 3, 3, 'on-time', 1],
      [undefined, 3, 7, 'on-time', 2],
    ])
  })

  it('waits for the watermark, so that events out of order count where they happened', () => {
    const { source, taken } = run({ maxOutOfOrderness: 5 })
    for (const time of [10, 12, 8]) source.next(at(time, time))
    expect(taken()).toEqual([])
    source.next(at(16, 16))
    expect(taken()).toEqual([
      [undefined, 8, 8, 'on-time', 0],
      [undefined, 10, 18, 'on-time', 0],
    ])
    source.complete()
    expect(taken()).toEqual([
      [undefined, 12, 30, 'flush', 0],
      [undefined, 16, 46, 'flush', 0],
    ])
  })

  it('emits what waits after a silence of `idle`', () => {
    const { source, clock, taken } = run({ maxOutOfOrderness: 5, idle: 100 })
    source.next(at(10))
    clock.advanceBy(99)
    expect(taken()).toEqual([])
    clock.advanceBy(6)
    expect(taken()).toEqual([[undefined, 10, 1, 'on-time', 0]])
  })

  it('emits the windows of a late event again within the allowed lateness', () => {
    const late: number[] = []
    const { source, taken } = run({ allowedLateness: 8, late: ({ at }) => late.push(at) })
    for (const time of [1, 5, 12, 20]) source.next(at(time, time))
    taken()
    source.next(at(12, 100))
    expect(taken()).toEqual([
      [undefined, 12, 117, 'late', 1],
      [undefined, 20, 132, 'late', 1],
    ])
    source.next(at(11, 1000))
    expect(taken()).toEqual([])
    expect(late).toEqual([11])
    source.next(at(21, 0))
    expect(taken()).toEqual([[undefined, 21, 132, 'on-time', 0]])
  })

  it('emits what an evicted key holds, and starts the key anew as another part', () => {
    const source = new Subject<Reading>()
    const seen: unknown[] = []
    source
      .pipe(
        slidingWindow({
          size: 100,
          timestamp: (r) => r.at,
          key: (r) => r.sensor,
          maxOutOfOrderness: 50,
          maxKeys: 1,
          onEvicted: (eviction) => seen.push(eviction),
          aggregates: (a) => ({ n: a.count() }),
        }),
      )
      .subscribe(({ key, window, value, pane, part }) => seen.push([key, window.end, value.n, pane, part]))
    for (const [time, sensor] of [
      [1, 'a'],
      [2, 'a'],
      [3, 'b'],
      [4, 'a'],
    ] as const)
      source.next(at(time, 1, sensor))
    source.complete()
    expect(seen).toEqual([
      ['a', 1, 1, 'flush', undefined],
      ['a', 2, 2, 'flush', undefined],
      { key: 'a', reason: 'max-keys' },
      ['b', 3, 1, 'flush', undefined],
      { key: 'b', reason: 'max-keys' },
      ['a', 4, 1, 'flush', 1],
    ])
  })

  it('forgets a key once no window can contain its events', () => {
    const source = new Subject<Reading>()
    const stage = createStage('sliding')
    source
      .pipe(
        slidingWindow({
          size: 10,
          timestamp: (r) => r.at,
          key: (r) => r.sensor,
          stage,
          aggregates: (a) => ({ n: a.count() }),
        }),
      )
      .subscribe()
    source.next(at(1, 1, 'a'))
    source.next(at(5, 1, 'a'))
    source.next(at(14, 1, 'b'))
    expect(stage.counts().keys).toBe(2)
    source.next(at(15, 1, 'b'))
    expect(stage.counts().keys).toBe(1)
  })

  it('lets a commit save only what no later window contains', () => {
    const source = new Subject<ReturnType<typeof event<number>>>()
    const saved: string[] = []
    const stage = createStage('sliding')
    source
      .pipe(
        slidingWindow({ size: 10, timestamp: (e) => e.data, stage, aggregates: (a) => ({ n: a.count() }) }),
        commit({ save: (id) => void saved.push(id) }, { after: stage }),
      )
      .subscribe()
    for (const [i, time] of [1, 5, 12, 30].entries()) {
      source.next(event(time, 'message', `${i}`))
    }
    expect(saved.at(-1)).toBe('2')
    source.complete()
    expect(saved.at(-1)).toBe('3')
  })

  it('keeps the protocol of results: of one key and moment the highest revision stands', () => {
    const clock = new VirtualClock()
    const source = new Subject<Reading>()
    const lists: unknown[] = []
    source
      .pipe(
        slidingWindow({
          size: 10,
          timestamp: (r) => r.at,
          key: (r) => r.sensor,
          allowedLateness: 5,
          aggregates: (a) => ({ n: a.count() }),
        }),
        latestResults({ windows: 2, scheduler: clock }),
      )
      .subscribe((list) => lists.push(list.map(({ key, window, value }) => [key, window.end, value.n])))
    for (const time of [3, 3, 6, 4]) source.next(at(time, 1, 'a'))
    clock.runOut()
    expect(lists).toEqual([
      [
        ['a', 4, 3],
        ['a', 6, 4],
      ],
    ])
  })

  it('infers keys and values, and refuses a size that is no duration', () => {
    const pipe = slidingWindow({
      size: '5m',
      timestamp: (r: Reading) => r.at,
      key: (r) => [r.sensor, r.value] as const,
      aggregates: (a) => ({ n: a.count(), note: a.last((r) => r.note) }),
    })
    expectTypeOf(pipe).parameter(0).toExtend<{ pipe: unknown }>()
    type Result =
      ReturnType<typeof pipe> extends { subscribe(next?: (value: infer R) => void): unknown } ? R : never
    expectTypeOf<Result>().toEqualTypeOf<
      WindowResult<readonly [string, number], { readonly n: number; readonly note: string | null }>
    >()
    const aggregates = () => ({}) as never
    expect(() => slidingWindow({ size: 0, aggregates })).toThrow(
      /^slidingWindow: size must be .*longer than zero/,
    )
    expect(() => slidingWindow({ size: '5x' as '5m', aggregates })).toThrow(/^slidingWindow: size must be/)
    expect(() => slidingWindow({ size: 1, aggregates })).toThrow(
      /^slidingWindow: the result of aggregates must be/,
    )
    expect(() =>
      slidingWindow({ size: 1, allowedLateness: -1, aggregates: (a) => ({ n: a.count() }) }),
    ).toThrow(/^slidingWindow: allowedLateness must be/)
  })
})

const input = (i: number): Reading => at(i * 1000, i, `s${i % 3}`)
conformance<Reading, unknown>('slidingWindow', {
  operator: (options) =>
    slidingWindow({
      ...options,
      size: '5s',
      timestamp: (r) => r.at,
      maxOutOfOrderness: '2s',
      idle: '3s',
      key: (r) => r.sensor,
      aggregates: (a) => ({ sum: a.sum((r) => r.value), ids: a.collect((r) => r.value) }),
    }),
  input,
  failing: (fail, options) =>
    slidingWindow({
      ...options,
      size: '5s',
      timestamp: (r) => r.at,
      aggregates: (a) => ({ sum: a.sum(fail) }),
    }),
  bounded: {
    keys: 300,
    operator: (options) =>
      slidingWindow({
        ...options,
        size: '5s',
        timestamp: (r) => r.at,
        key: (r) => r.at,
        maxKeys: 300,
        aggregates: (a) => ({ n: a.count() }),
      }),
  },
})
