import { VirtualClock } from '@rxsse/testing/virtual-time'
import fc from 'fast-check'
import { Subject } from 'rxjs'
import { describe, expect, it } from 'vitest'
import type { Aggregate } from '../engine/aggregates/aggregate.ts'
import { createStage } from '../stage/create-stage.ts'
import type { Aggregates } from '../window/aggregates.ts'
import { reorder } from '../window/reorder.ts'
import { session, tumbling } from '../window/spec.ts'
import { windowAggregate } from '../window/window-aggregate.ts'
import { createProgress, type FeedConnectionState, type ProgressOptions } from './progress.ts'

interface Reading {
  readonly feed: string
  readonly at: number
}

/** Two feeds, `ams` and `par`, whose connections and events a test drives. */
function feeds(options: ProgressOptions = {}) {
  const clock = new VirtualClock()
  const source = new Subject<Reading>()
  const progress = createProgress(options)
  const states = { ams: progress.feed('ams').state, par: progress.feed('par').state }
  return {
    clock,
    source,
    progress,
    set(feed: 'ams' | 'par', status: FeedConnectionState['status']) {
      states[feed].next({ status })
    },
    push(feed: string, ...times: readonly number[]) {
      for (const at of times) source.next({ feed, at })
    },
    options: { progress, feed: (r: Reading) => r.feed, timestamp: (r: Reading) => r.at, scheduler: clock },
  }
}

/** Tumbling windows of 10 ms over the two feeds, with what was late and when which window fired. */
function windows(
  options: ProgressOptions & { readonly idle?: number; readonly maxFutureDrift?: number } = {},
) {
  const { idle = false, maxFutureDrift, ...rest } = options
  const run = feeds(rest)
  const fired: [clock: number, start: number, n: number][] = []
  const late: number[] = []
  const stage = createStage('windows')
  const subscription = run.source
    .pipe(
      windowAggregate(tumbling(10), {
        ...run.options,
        idle,
        ...(maxFutureDrift === undefined ? {} : { maxFutureDrift }),
        late: (r) => late.push(r.at),
        stage,
        aggregates: (a) => ({ n: a.count() }),
      }),
    )
    .subscribe(({ window, value }) => fired.push([run.clock.now(), window.start, value.n]))
  return { ...run, fired, late, stage, subscription }
}

describe('windows over feeds', () => {
  it('wait for the feed that lost its connection, and have what it replays in time', () => {
    const { set, push, fired, late, clock, stage } = windows()
    set('ams', 'open')
    set('par', 'open')
    push('ams', 1, 5)
    push('par', 2)
    set('par', 'waiting')
    push('ams', 15, 25, 500)
    clock.advanceBy(500_000)
    expect(fired).toEqual([])
    expect(stage.counts()).toMatchObject({
      buffered: 6,
      watermark: 2,
      feeds: [
        { feed: 'ams', phase: 'open', watermark: 500 },
        { feed: 'par', phase: 'away', watermark: 2 },
      ],
    })
    set('par', 'connecting')
    set('par', 'open')
    push('par', 3, 12, 22, 501)
    expect(late).toEqual([])
    expect(fired.map(([, start, n]) => [start, n])).toEqual([
      [0, 4],
      [10, 2],
      [20, 2],
    ])
  })

  it('wait for a feed that has not connected yet', () => {
    const { set, push, fired } = windows()
    set('ams', 'open')
    push('ams', 1, 100)
    expect(fired).toEqual([])
    set('par', 'open')
    expect(fired).toEqual([])
    push('par', 50)
    expect(fired).toEqual([[0, 0, 1]])
  })

  it('do not wait for a feed that is over, whether it completed or never came', () => {
    const { set, push, fired } = windows()
    set('ams', 'open')
    push('ams', 1, 100)
    set('par', 'closed')
    expect(fired).toEqual([[0, 0, 1]])
  })

  it('do not wait for a feed that is open and silent for longer than idle, but an outage is no silence', () => {
    const { set, push, fired, late, clock } = windows({ idle: 30 })
    set('ams', 'open')
    set('par', 'open')
    push('par', 1)
    push('ams', 2, 15)
    clock.advanceTo(29)
    push('ams', 16)
    expect(fired).toEqual([])
    clock.advanceTo(30)
    expect(fired).toEqual([[30, 0, 2]])
    set('par', 'waiting')
    push('ams', 40)
    expect(fired).toEqual([[30, 0, 2]])
    clock.advanceTo(10_000)
    set('par', 'open')
    push('par', 17, 41)
    expect(late).toEqual([])
    expect(fired).toEqual([
      [30, 0, 2],
      [10_000, 10, 3],
    ])
  })

  it('go on with the clock when every feed is open and silent', () => {
    const { set, push, fired, clock } = windows({ idle: 30 })
    set('ams', 'open')
    set('par', 'open')
    push('ams', 1)
    push('par', 2)
    clock.advanceTo(100)
    expect(fired).toEqual([[30, 0, 2]])
    expect(clock.timers).toBe(0)
  })

  it('wait for a feed that is away for maxWait at the longest', () => {
    const { set, push, fired, clock } = windows({ maxWait: '1m' })
    set('ams', 'open')
    set('par', 'open')
    push('par', 1)
    push('ams', 2, 15)
    clock.advanceTo(1000)
    set('par', 'waiting')
    clock.advanceTo(60_999)
    expect(fired).toEqual([])
    clock.advanceTo(61_000)
    expect(fired).toEqual([[61_000, 0, 2]])
  })

  it('are not moved by a timestamp that is too far in the future', () => {
    const { set, push, fired } = windows({ maxFutureDrift: 50 })
    set('ams', 'open')
    set('par', 'closed')
    push('ams', 1, 9000, 15)
    expect(fired).toEqual([[0, 0, 1]])
  })

  it('leave no timer and no listener when they are unsubscribed', () => {
    const { set, push, clock, subscription, progress } = windows({ maxWait: '1m', idle: 10 })
    set('ams', 'open')
    push('ams', 1)
    expect(clock.timers).toBe(1)
    subscription.unsubscribe()
    expect(clock.timers).toBe(0)
    progress.feed('third')
    set('par', 'open')
    expect(clock.timers).toBe(0)
  })

  it('refuse an event of a feed that nobody named, and options that do not go together', () => {
    const { source, push, options } = feeds()
    const rejected: string[] = []
    const aggregates = { aggregates: (a: Aggregates<Reading>) => ({ n: a.count() }) }
    source
      .pipe(
        windowAggregate(tumbling(10), {
          ...options,
          ...aggregates,
          onError: (error) => rejected.push((error as Error).message),
        }),
      )
      .subscribe()
    push('rome', 1)
    expect(rejected).toEqual([
      'windowAggregate: the result of feed must be a name that progress.feed() knows, not the string "rome"',
    ])
    expect(() =>
      windowAggregate<Reading, { n: Aggregate<Reading, number> }>(tumbling(10), {
        progress: options.progress,
        ...aggregates,
      }),
    ).toThrow('windowAggregate: feed must be a function if progress is given, not undefined')
    expect(() => reorder({ feed: () => 'a' })).toThrow(
      'reorder: progress must be made by createProgress() or createJob() if feed is given, not undefined',
    )
  })
})

describe('sessions and reorder over feeds', () => {
  it('wait for the feed that is away', () => {
    const { set, push, source, options } = feeds()
    const ends: number[] = []
    const sorted: number[] = []
    source
      .pipe(windowAggregate(session(10), { ...options, aggregates: (a) => ({ n: a.count() }) }))
      .subscribe(({ window }) => ends.push(window.end))
    source.pipe(reorder(options)).subscribe(({ at }) => sorted.push(at))
    set('ams', 'open')
    push('ams', 1, 30, 90)
    set('par', 'open')
    push('par', 5)
    expect([ends, sorted]).toEqual([[], [1, 5]])
    set('par', 'waiting')
    push('ams', 200)
    set('par', 'open')
    push('par', 20, 100)
    expect(sorted).toEqual([1, 5, 20, 30, 90, 100])
    expect(ends).toEqual([15, 40])
  })
})

it('no event of any feed is late if each feed is in order, whatever its connection does', () => {
  const step = fc.record({
    feed: fc.constantFrom('ams' as const, 'par' as const),
    what: fc.oneof(
      { weight: 4, arbitrary: fc.nat(9) },
      fc.constantFrom<FeedConnectionState['status']>('connecting', 'open', 'waiting'),
    ),
    wait: fc.nat(20),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60, size: 'max' }), (steps) => {
      const { set, push, late, clock, fired, source } = windows()
      const now = { ams: 0, par: 0 }
      let pushed = 0
      for (const { feed, what, wait } of steps) {
        if (typeof what === 'number') {
          now[feed] += what
          push(feed, now[feed])
          pushed++
        } else set(feed, what)
        clock.advanceBy(wait)
      }
      source.complete()
      expect(late).toEqual([])
      expect(fired.reduce((sum, [, , n]) => sum + n, 0)).toBe(pushed)
      expect(new Set(fired.map(([, start]) => start)).size).toBe(fired.length)
    }),
  )
})
