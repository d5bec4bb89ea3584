import { VirtualClock } from '@rxsse/testing/virtual-time'
import { map, of, Subject } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { conformance } from '../../test/conformance.ts'
import { event } from '../../test/events.ts'
import { completeOn } from '../decode/complete-on.ts'
import type { SseEvent } from '../event.ts'
import { tumbling } from '../window/spec.ts'
import { windowAggregate } from '../window/window-aggregate.ts'
import { instrument, type Measurements } from './instrument.ts'

const counted = (scheduler: VirtualClock) =>
  windowAggregate(tumbling(10), {
    timestamp: (t: number) => t,
    scheduler,
    aggregates: (a) => ({ n: a.count() }),
  })

describe('instrument', () => {
  it('reports on the operator above it: what came, what became of it, and how far the watermark is behind', () => {
    const clock = new VirtualClock()
    const source = new Subject<number>()
    const reports: Measurements[] = []
    source
      .pipe(
        counted(clock),
        instrument('counts', (m) => reports.push(m), { every: 0, scheduler: clock }),
      )
      .subscribe()
    clock.advanceTo(100)
    for (const t of [1, 2, 11, 3, Number.NaN]) source.next(t)
    expect(reports.at(-1)).toEqual({
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

  it('reports no more often than told, not at all where nothing is new, and once more at the end', () => {
    const clock = new VirtualClock()
    const source = new Subject<number>()
    const reports: [number, number][] = []
    source
      .pipe(
        map((n) => n),
        instrument('all', (m) => reports.push([clock.now(), m.in]), { every: '1s', scheduler: clock }),
      )
      .subscribe()
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
  })

  it('reports what was discarded when the stream is left', () => {
    const source = new Subject<number>()
    const reports: Measurements[] = []
    const subscription = source
      .pipe(
        counted(new VirtualClock()),
        instrument('counts', (m) => reports.push(m)),
      )
      .subscribe()
    source.next(1)
    source.next(2)
    subscription.unsubscribe()
    expect(reports).toMatchObject([{ in: 2, out: 0, dropped: 2, buffered: 0 }])
  })

  it('holds the balance inside callbacks too', () => {
    const source = new Subject<number>()
    let latest: Measurements | undefined
    const seen: Measurements[] = []
    source
      .pipe(
        instrument<number>(
          'first',
          (m) => {
            latest = m
          },
          { every: 0 },
        ),
      )
      .subscribe(() => latest !== undefined && seen.push(latest))
    for (const n of [1, 2, 3]) source.next(n)
    for (const m of seen) expect(m.in).toBe(m.out + m.late + m.dropped + m.rejected + m.buffered)
    expect(latest).toMatchObject({ in: 3, out: 3 })
  })

  it('errors the stream where its observer throws', () => {
    const errors: string[] = []
    of(1, 2)
      .pipe(
        instrument(
          'x',
          (m) => {
            if (m.in === 1) throw new Error('no metrics')
          },
          { every: 0 },
        ),
      )
      .subscribe({ error: (e) => errors.push(e.message) })
    expect(errors).toEqual(['no metrics'])
  })

  it('errors the stream where its observer throws at a report that has waited its time', () => {
    const clock = new VirtualClock()
    const source = new Subject<number>()
    const errors: string[] = []
    const broken = (): never => {
      throw new Error('no metrics')
    }
    source
      .pipe(
        instrument('x', (m) => m.in > 0 && m.buffered === 0 && clock.now() === 1000 && broken(), {
          scheduler: clock,
        }),
      )
      .subscribe({ error: (e) => errors.push(e.message) })
    source.next(1)
    clock.advanceBy(1000)
    expect(errors).toEqual(['no metrics'])
    expect(source.observed).toBe(false)
  })

  it('leaves no timer behind where an event, or the end of the source, is both news and the end', () => {
    const clock = new VirtualClock()
    const ended = new Subject<SseEvent>()
    const marked = new Subject<SseEvent>()
    for (const source of [ended, marked]) {
      source
        .pipe(
          completeOn('[DONE]'),
          instrument('x', () => {}, { scheduler: clock }),
        )
        .subscribe()
    }
    ended.complete()
    marked.next(event('[DONE]'))
    expect(clock.timers).toBe(0)
  })

  it('wants an observer', () => {
    // @ts-expect-error none given
    expect(() => instrument('x')).toThrow('instrument needs an observer')
  })

  it('may be put twice under the same operator', () => {
    const first: number[] = []
    const second: number[] = []
    of(1, 2)
      .pipe(
        instrument('a', (m) => first.push(m.out), { every: 0 }),
        instrument('b', (m) => second.push(m.out), { every: 0 }),
      )
      .subscribe()
    expect(first).toEqual([1, 2])
    expect(second).toEqual(first)
  })
})

conformance<number, number>('instrument', {
  operator: (scheduler) => instrument('x', () => {}, { scheduler }),
  input: (i) => i,
})
