import { VirtualClock } from '@rxsse/testing/virtual-time'
import fc from 'fast-check'
import { Subject } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { conformance } from '../../test/conformance.ts'
import { stampedStream } from '../../test/stamped.ts'
import type { Stamped } from '../../test/window-model.ts'
import { reorder } from './reorder.ts'

const ids = (events: readonly Stamped[]) => events.map((e) => e.id)
const sorted = (events: readonly Stamped[]) => events.toSorted((a, b) => a.at - b.at || a.id - b.id)

describe('reorder', () => {
  it('emits in the order of time and then of arrival, as soon as the watermark allows, and loses nothing', () => {
    fc.assert(
      fc.property(stampedStream, fc.integer({ min: 0, max: 20 }), (stream, maxOutOfOrderness) => {
        const source = new Subject<Stamped>()
        const seen: Stamped[] = []
        const late: Stamped[] = []
        source
          .pipe(reorder({ timestamp: (e) => e.at, maxOutOfOrderness, late: (e) => late.push(e) }))
          .subscribe((e) => seen.push(e))
        let watermark = Number.NEGATIVE_INFINITY
        const inTime: Stamped[] = []
        const lateIds: number[] = []
        for (const event of stream) {
          source.next(event)
          if (event.at < watermark) lateIds.push(event.id)
          else inTime.push(event)
          watermark = Math.max(watermark, event.at - maxOutOfOrderness)
          expect(ids(seen)).toEqual(ids(sorted(inTime.filter((e) => e.at <= watermark))))
        }
        source.complete()
        expect(ids(seen)).toEqual(ids(sorted(inTime)))
        expect(ids(late)).toEqual(lateIds)
      }),
      { numRuns: 500 },
    )
  })

  it('emits the last events of a stream that falls silent', () => {
    const clock = new VirtualClock()
    const source = new Subject<Stamped>()
    const seen: [number, number][] = []
    source
      .pipe(reorder({ timestamp: (e) => e.at, maxOutOfOrderness: 10, idle: 3, scheduler: clock }))
      .subscribe((e) => seen.push([clock.now(), e.id]))
    source.next({ at: 100, key: '', id: 0 })
    source.next({ at: 95, key: '', id: 1 })
    clock.runOut()
    // Event time stood at 100, the watermark at 90; silence takes it on at the clock's pace.
    expect(seen).toEqual([
      [5, 1],
      [10, 0],
    ])
  })

  it('starts the silence after late events too', () => {
    const clock = new VirtualClock()
    const source = new Subject<Stamped>()
    const seen: [number, number][] = []
    source
      .pipe(reorder({ timestamp: (e) => e.at, maxOutOfOrderness: 2, idle: 10, scheduler: clock }))
      .subscribe((e) => seen.push([clock.now(), e.id]))
    source.next({ at: 100, key: '', id: 0 })
    clock.advanceTo(8)
    source.next({ at: 5, key: '', id: 1 })
    clock.runOut()
    expect(seen).toEqual([[18, 0]])
  })

  it('rejects events without a timestamp', () => {
    const source = new Subject<Stamped>()
    const invalid: unknown[] = []
    source.pipe(reorder({ timestamp: (e) => e.at, onInvalid: (e) => invalid.push(e.at) })).subscribe()
    source.next({ at: Number.NaN, key: '', id: 0 })
    source.next({ at: Number.POSITIVE_INFINITY, key: '', id: 0 })
    expect(invalid).toEqual([Number.NaN, Number.POSITIVE_INFINITY])
  })
})

conformance<Stamped, Stamped>('reorder', {
  operator: (options) => reorder({ timestamp: (e) => e.at, maxOutOfOrderness: 5, idle: '2s', ...options }),
  input: (id) => ({ at: id + (id % 4) * 2, key: '', id }),
  failing: (fail, options) => reorder({ timestamp: fail, ...options }),
})
