import { VirtualClock } from '@rxsse/testing/virtual-time'
import { NEVER, type Observable, of, Subject, take } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { event } from '../../test/events.ts'
import { commit } from '../flow/commit.ts'
import { createProgress } from '../progress/progress.ts'
import { createStage } from '../stage/create-stage.ts'
import type { DroppedJoinEvent, JoinWithinOptions } from './join-options.ts'
import { joinWithin } from './join-within.ts'

interface Item {
  readonly id: string
  readonly at: number
}

const item = (id: string, at: number): Item => ({ id, at })
const side = { key: (i: Item) => i.id, timestamp: (i: Item) => i.at }
const show = (i: Item | undefined) => (i === undefined ? '-' : `${i.id}${i.at}`)

/** Results as `left+right`, and the two sources. */
function start(options: Partial<JoinWithinOptions<Item, Item, string, 'full'>>) {
  const left = new Subject<Item>()
  const right = new Subject<Item>()
  const clock = new VirtualClock()
  const stage = createStage('join')
  const seen: string[] = []
  const endings: unknown[] = []
  const pairs = joinWithin<Item, Item, string, string, 'full'>(
    right,
    { left: side, right: side, within: 5, scheduler: clock, stage, ...options },
    (a, b) => `${show(a)}+${show(b)}`,
  )
  const subscription = left.pipe(pairs).subscribe({
    next: (pair) => seen.push(pair),
    error: (error) => endings.push(error),
    complete: () => endings.push('complete'),
  })
  return { left, right, clock, stage, seen, endings, subscription, taken: () => seen.splice(0) }
}

describe('joinWithin', () => {
  it('emits each pair once, when its second event arrives, by key and within the time', () => {
    const { left, right, taken } = start({})
    left.next(item('a', 10))
    right.next(item('b', 10))
    right.next(item('a', 15))
    expect(taken()).toEqual(['a10+a15'])
    left.next(item('a', 12))
    expect(taken()).toEqual(['a12+a15'])
    right.next(item('a', 16))
    expect(taken()).toEqual(['a12+a16'])
  })

  it('takes different times before and after', () => {
    const { left, right, seen } = start({ within: { before: 1, after: '10ms' }, maxOutOfOrderness: 100 })
    left.next(item('a', 20))
    for (const at of [18, 19, 20, 30, 31]) right.next(item('a', at))
    expect(seen).toEqual(['a20+a19', 'a20+a20', 'a20+a30'])
  })

  it('emits events without a match when the watermark of both streams has passed their time', () => {
    const { left, right, taken } = start({ kind: 'full' })
    left.next(item('a', 10))
    right.next(item('b', 12))
    left.next(item('x', 100))
    expect(taken()).toEqual([])
    right.next(item('y', 15))
    expect(taken()).toEqual([])
    right.next(item('y', 16))
    expect(taken()).toEqual(['a10+-'])
    right.next(item('y', 18))
    expect(taken()).toEqual(['-+b12'])
  })

  it('tells which events found no match, if they are not emitted', () => {
    const dropped: DroppedJoinEvent<Item, Item>[] = []
    const { left, right, stage, seen } = start({ kind: 'left' as 'full', onDropped: (e) => dropped.push(e) })
    left.next(item('a', 10))
    right.next(item('b', 10))
    for (const source of [left, right]) source.next(item('c', 90))
    expect(seen).toEqual(['c90+c90', 'a10+-'])
    expect(dropped).toEqual([{ side: 'right', event: item('b', 10), reason: 'unmatched' }])
    expect(stage.counts()).toMatchObject({ in: 4, out: 3, dropped: 1, buffered: 0, keys: 1 })
  })

  it('loses no pair if one stream is far behind the other', () => {
    const { left, right, seen } = start({})
    for (let at = 0; at < 1000; at += 10) left.next(item('a', at))
    for (let at = 0; at < 1000; at += 10) right.next(item('a', at))
    expect(seen).toHaveLength(100)
  })

  it('sends events older than the watermark to late', () => {
    const late: unknown[] = []
    const { left, right, seen, stage } = start({ late: (e) => late.push(e), maxOutOfOrderness: 2 })
    left.next(item('a', 10))
    right.next(item('a', 20))
    right.next(item('a', 8))
    left.next(item('a', 7))
    expect(late).toEqual([{ side: 'left', event: item('a', 7) }])
    expect(seen).toEqual(['a10+a8'])
    expect(stage.counts()).toMatchObject({ in: 4, late: 1, out: 2, buffered: 1, watermark: 8 })
  })

  it('goes on without a stream that is silent, if it may be idle', () => {
    const { left, right, clock, taken } = start({ kind: 'full', idle: 1000 })
    left.next(item('a', 10))
    right.next(item('b', 10))
    clock.advanceTo(500)
    left.next(item('x', 50))
    clock.advanceTo(999)
    expect(taken()).toEqual([])
    clock.advanceTo(1000)
    expect(taken()).toEqual(['a10+-', '-+b10'])
  })

  it('by the time of arrival, expires events by the clock', () => {
    const right = new Subject<string>()
    const left = new Subject<string>()
    const clock = new VirtualClock()
    const seen: unknown[] = []
    const key = (s: string) => s
    left
      .pipe(
        joinWithin(
          right,
          { left: { key }, right: { key }, within: '10ms', kind: 'left', scheduler: clock },
          // Just after the last millisecond that may match.
          (a, b) => [Math.floor(clock.now()), a, b],
        ),
      )
      .subscribe((pair) => seen.push(pair))
    left.next('a')
    left.next('b')
    clock.advanceTo(10)
    right.next('b')
    clock.advanceTo(11)
    right.next('a')
    expect(seen).toEqual([
      [10, 'b', 'b'],
      [10, 'a', undefined],
    ])
    left.complete()
    right.complete()
    expect(clock.timers).toBe(0)
  })

  it('waits for a feed that is away, with the progress of its feeds', () => {
    const progress = createProgress()
    const [l, r] = [progress.feed('l'), progress.feed('r')]
    for (const feed of [l, r]) feed.state.next({ status: 'open' })
    const { left, right, taken } = start({
      progress,
      left: { ...side, feed: 'l' },
      right: { ...side, feed: () => 'r' },
      idle: 10,
      kind: 'full',
    })
    left.next(item('a', 10))
    right.next(item('z', 10))
    r.state.next({ status: 'waiting' })
    for (let at = 20; at < 100; at += 10) left.next(item('b', at))
    expect(taken()).toEqual([])
    r.state.next({ status: 'open' })
    right.next(item('a', 14))
    expect(taken()).toEqual(['a10+a14'])
  })

  it('drops the event that would expire first when there are more than maxBuffered', () => {
    const dropped: unknown[] = []
    const { left, right, seen, stage } = start({ maxBuffered: 2, onDropped: (e) => dropped.push(e) })
    left.next(item('a', 10))
    left.next(item('b', 12))
    right.next(item('c', 11))
    right.next(item('b', 12))
    expect(seen).toEqual(['b12+b12'])
    expect(dropped).toEqual([
      { side: 'left', event: item('a', 10), reason: 'max-buffered' },
      { side: 'right', event: item('c', 11), reason: 'max-buffered' },
    ])
    expect(stage.counts()).toMatchObject({ in: 4, out: 2, dropped: 2, buffered: 0 })
  })

  it('leaves out an event for which project throws, with all its pairs', () => {
    const errors: unknown[] = []
    const left = new Subject<Item>()
    const right = new Subject<Item>()
    const seen: string[] = []
    const pairs = joinWithin(
      right,
      { left: side, right: side, within: 5, onError: (error, e) => errors.push((error as Error).message, e) },
      (a: Item, b: Item) => {
        if (b.at === 3) throw new Error('boom')
        return `${show(a)}+${show(b)}`
      },
    )
    left.pipe(pairs).subscribe((pair) => seen.push(pair))
    for (const at of [1, 2]) left.next(item('a', at))
    for (const at of [3, 4]) right.next(item('a', at))
    expect(errors).toEqual(['boom', { side: 'right', event: item('a', 3) }])
    expect(seen).toEqual(['a1+a4', 'a2+a4'])
  })

  it('completes when both streams have, and passes on an error of either', () => {
    const first = start({ kind: 'full' })
    first.left.next(item('a', 1))
    first.left.complete()
    expect(first.endings).toEqual([])
    first.right.next(item('b', 50))
    expect(first.taken()).toEqual(['a1+-'])
    first.right.complete()
    expect(first.taken()).toEqual(['-+b50'])
    expect(first.endings).toEqual(['complete'])

    const boom = new Error('boom')
    const second = start({})
    second.right.error(boom)
    expect(second.endings).toEqual([boom])
    expect(second.left.observed).toBe(false)
    const third = start({})
    third.left.error(boom)
    expect(third.endings).toEqual([boom])
    expect(third.right.observed).toBe(false)
  })

  it('unsubscribes from both streams, also if one is synchronous', () => {
    const { left, right, subscription, clock } = start({ idle: 10 })
    left.next(item('a', 1))
    right.next(item('b', 1))
    subscription.unsubscribe()
    expect([left.observed, right.observed, clock.timers]).toEqual([false, false, 0])
    const seen: unknown[] = []
    const list = [item('a', 1), item('a', 2), item('a', 3)]
    of(...list)
      .pipe(
        joinWithin(of(...list), { left: side, right: side, within: 9 }, (a, b) => [a.at, b.at]),
        take(2),
      )
      .subscribe((pair) => seen.push(pair))
    expect(seen).toEqual([
      [1, 1],
      [2, 1],
    ])
  })

  it('handles events that its own consumer sends to either stream as if they came next', () => {
    const { left, right, seen, stage } = start({})
    const subscription = new Subject<Item>()
    const results: string[] = []
    left
      .pipe(
        joinWithin(subscription, { left: side, right: side, within: 5 }, (a, b) => `${show(a)}+${show(b)}`),
        take(3),
      )
      .subscribe((pair) => {
        results.push(pair)
        subscription.next(item('a', 2))
      })
    left.next(item('a', 1))
    subscription.next(item('a', 1))
    expect(results).toEqual(['a1+a1', 'a1+a2', 'a1+a2'])
    expect([seen, right.observed, stage.counts().in]).toEqual([[], true, 1])
  })

  it('cannot be followed by a commit, which has one cursor', () => {
    const stage = createStage('joined')
    const errors: string[] = []
    of(event('', 'x', '1'))
      .pipe(
        joinWithin(
          NEVER as Observable<Item>,
          { left: { key: (e) => e.data }, right: { key: (i: Item) => i.id }, within: 1, stage },
          () => 1,
        ),
        commit({ save: () => {} }, { after: stage }),
      )
      .subscribe({ error: (error) => errors.push(error.message) })
    expect(errors).toEqual([
      'commit: joinWithin has two streams, and one last event ID cannot tell how far both are. Use createJob, which saves a cursor for each feed',
    ])
  })
})
