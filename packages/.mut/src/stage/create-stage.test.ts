import { VirtualClock } from '@rxsse/testing/virtual-time'
import { concat, defer, map, of, repeat, retry, Subject, take, tap } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { event } from '../../test/events.ts'
import { completeOn } from '../decode/complete-on.ts'
import { data } from '../decode/data.ts'
import { ofType } from '../filter/of-type.ts'
import type { SseEvent } from '../index.ts'
import { dedupe } from '../keyed/dedupe.ts'
import { tumbling } from '../window/spec.ts'
import { windowAggregate } from '../window/window-aggregate.ts'
import { createStage } from './create-stage.ts'
import type { Stage, StageCounts } from './stage.ts'

const countEvents = (scheduler: VirtualClock, stage: Stage) =>
  windowAggregate(tumbling(10), {
    timestamp: (t: number) => t,
    scheduler,
    stage,
    aggregates: (a) => ({ n: a.count() }),
  })

const toEvent = map((n: number) => event(n))

describe('the counts of a stage', () => {
  it('are all 0 before the operator is subscribed', () => {
    expect(createStage('new').counts()).toEqual({
      name: 'new',
      in: 0,
      out: 0,
      late: 0,
      dropped: 0,
      rejected: 0,
      buffered: 0,
      keys: 0,
      watermark: undefined,
      watermarkLag: undefined,
    })
  })

  it('say what happened to each event, and how far the watermark is behind the clock', () => {
    const clock = new VirtualClock()
    const source = new Subject<number>()
    const stage = createStage('counts')
    source.pipe(countEvents(clock, stage)).subscribe()
    expect(stage.counts()).toMatchObject({ in: 0, watermark: undefined, watermarkLag: undefined })
    clock.advanceTo(100)
    for (const t of [1, 2, 11, 3, Number.NaN]) source.next(t)
    expect(stage.counts()).toEqual({
      name: 'counts',
      in: 5,
      out: 2,
      late: 1,
      dropped: 0,
      rejected: 1,
      buffered: 1,
      keys: 1,
      watermark: 11,
      watermarkLag: 89,
    })
  })

  it('can be read inside callbacks, where they add up too', () => {
    const source = new Subject<number>()
    const stage = createStage('dedupe')
    const seen: StageCounts[] = []
    const read = () => seen.push(stage.counts())
    source.pipe(dedupe({ key: (n) => n % 2, onDropped: read, stage })).subscribe(read)
    for (const n of [1, 2, 3]) source.next(n)
    expect(seen.map((m) => [m.in, m.out, m.dropped, m.buffered])).toEqual([
      [1, 1, 0, 0],
      [2, 2, 0, 0],
      [3, 2, 1, 0],
    ])
  })

  it('count what was held as dropped when the stream is unsubscribed, and then stay', () => {
    const source = new Subject<number>()
    const stage = createStage('counts')
    const subscription = source.pipe(countEvents(new VirtualClock(), stage)).subscribe()
    source.next(1)
    source.next(2)
    subscription.unsubscribe()
    expect(stage.counts()).toMatchObject({ in: 2, out: 0, dropped: 2, buffered: 0, keys: 1, watermark: 2 })
  })
})

describe('the changes of a stage', () => {
  it('are emitted no more often than `every`, not while nothing changes, and once more at the end', () => {
    const clock = new VirtualClock()
    const source = new Subject<number>()
    const stage = createStage('all')
    const reports: [number, number][] = []
    stage
      .changes({ every: '1s', scheduler: clock })
      .subscribe((counts) => reports.push([clock.now(), counts.in]))
    source.pipe(toEvent, data({ stage })).subscribe()
    expect(clock.timers).toBe(0)
    for (let i = 0; i < 25; i++) {
      source.next(i)
      clock.advanceBy(100)
    }
    clock.advanceBy(60_000)
    expect(reports).toEqual([
      [1000, 10],
      [2000, 20],
      [3000, 25],
    ])
    expect(clock.timers).toBe(0)
    source.next(25)
    source.complete()
    expect(reports.at(-1)).toEqual([62_500, 26])
    expect(clock.timers).toBe(0)
  })

  it('are emitted after each event with `every: 0`', () => {
    const stage = createStage('all')
    const reports: number[] = []
    stage.changes({ every: 0 }).subscribe((counts) => reports.push(counts.out))
    of(1, 2, 3).pipe(toEvent, data({ stage })).subscribe()
    expect(reports).toEqual([1, 2, 3])
  })

  it('include events that an unsubscribed operator has discarded', () => {
    const source = new Subject<number>()
    const stage = createStage('counts')
    const reports: StageCounts[] = []
    stage.changes().subscribe((counts) => reports.push(counts))
    const subscription = source.pipe(countEvents(new VirtualClock(), stage)).subscribe()
    source.next(1)
    source.next(2)
    subscription.unsubscribe()
    expect(reports).toMatchObject([{ in: 2, out: 0, dropped: 2, buffered: 0 }])
  })

  it('leave no timer behind if an event, or the end of the source, ends the stream', () => {
    const clock = new VirtualClock()
    const ended = new Subject<SseEvent>()
    const marked = new Subject<SseEvent>()
    for (const source of [ended, marked]) {
      const stage = createStage('x')
      stage.changes({ scheduler: clock }).subscribe()
      source.pipe(completeOn('[DONE]', { stage })).subscribe()
    }
    ended.complete()
    marked.next(event('[DONE]'))
    expect(clock.timers).toBe(0)
  })

  it('leave no timer behind when they are unsubscribed, and other subscribers go on', () => {
    const clock = new VirtualClock()
    const source = new Subject<SseEvent>()
    const stage = createStage('x')
    const first: number[] = []
    const second: number[] = []
    const subscription = stage.changes({ scheduler: clock }).subscribe((counts) => first.push(counts.in))
    stage.changes({ scheduler: clock, every: 0 }).subscribe((counts) => second.push(counts.in))
    source.pipe(ofType(['message'], { stage })).subscribe()
    source.next(event(''))
    subscription.unsubscribe()
    expect(clock.timers).toBe(0)
    source.next(event(''))
    clock.advanceBy(10_000)
    expect(first).toEqual([])
    expect(second).toEqual([1, 2])
  })

  it('can be subscribed while the stream runs', () => {
    const source = new Subject<number>()
    const stage = createStage('late')
    source.pipe(toEvent, data({ stage })).subscribe()
    source.next(1)
    const reports: number[] = []
    stage.changes({ every: 0 }).subscribe((counts) => reports.push(counts.in))
    source.next(2)
    expect(reports).toEqual([2])
  })
})

describe('a stage', () => {
  const messages = (errors: unknown[]) => errors.map((error) => (error as Error).message)

  it('belongs to one operator at a time', () => {
    const errors: unknown[] = []
    const stage = createStage('shared')
    of(event(1))
      .pipe(ofType(['message'], { stage }), data({ stage }))
      .subscribe({ error: (error) => errors.push(error) })
    expect(messages(errors)).toEqual([
      'ofType: data already uses the stage "shared". Create a stage for each operator and each subscription',
    ])
  })

  it('belongs to one subscription at a time, and the first one goes on', () => {
    const source = new Subject<number>()
    const stage = createStage('shared')
    const stream = source.pipe(toEvent, data({ stage }))
    const seen: number[] = []
    const errors: unknown[] = []
    stream.subscribe((n) => seen.push(n))
    stream.subscribe({ error: (error) => errors.push(error) })
    source.next(1)
    expect(messages(errors)).toEqual([
      'data: data already uses the stage "shared". Create a stage for each operator and each subscription',
    ])
    expect(seen).toEqual([1])
    expect(stage.counts().in).toBe(1)
  })

  it('starts anew when the operator is subscribed again, by retry and repeat too', () => {
    const stage = createStage('again')
    let attempts = 0
    const failTwice = tap<number>(() => {
      if (attempts++ < 2) throw new Error('boom')
    })
    const seen: number[] = []
    of(1, 2)
      .pipe(toEvent, data({ stage }), failTwice, retry(2), repeat(2))
      .subscribe((n) => seen.push(n))
    expect(seen).toEqual([1, 2, 1, 2])
    expect(stage.counts()).toMatchObject({ in: 2, out: 2 })

    const stream = defer(() => of(event(1), event(2))).pipe(data({ stage }))
    concat(stream.pipe(take(1)), stream).subscribe()
    expect(stage.counts()).toMatchObject({ in: 2, out: 2 })
  })

  it('goes on emitting changes when the operator is subscribed again', () => {
    const stage = createStage('again')
    const reports: number[] = []
    stage.changes({ every: 0 }).subscribe((counts) => reports.push(counts.in))
    of(1, 2).pipe(toEvent, data({ stage }), repeat(2)).subscribe()
    expect(reports).toEqual([1, 2, 1, 2])
  })

  it('must be made by createStage, and have a name', () => {
    expect(() => data({ stage: { name: 'x' } as Stage })).toThrow(
      new TypeError('data: stage must be made by createStage()'),
    )
    // @ts-expect-error there is no name
    expect(() => createStage()).toThrow('createStage: name must be a string, not undefined')
    expect(() => createStage('x').changes({ every: -1 })).toThrow('stage.changes: every must be a duration')
  })
})
