import fc from 'fast-check'
import { Subject } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { SlidingModel } from '../../test/sliding-model.ts'
import { stampedStream } from '../../test/stamped.ts'
import type { ModelOptions, ModelResult, Stamped } from '../../test/window-model.ts'
import { createStage } from '../stage/create-stage.ts'
import type { StageCounts } from '../stage/stage.ts'
import { slidingWindow } from './sliding-window.ts'

const size = fc.oneof(fc.integer({ min: 1, max: 30 }), fc.constantFrom(0.5, 1e12))
const disorder = fc.record({
  maxOutOfOrderness: fc.integer({ min: 0, max: 12 }),
  allowedLateness: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 30 })),
})

describe('slidingWindow, for any stream', () => {
  it('emits the same results as a model that keeps every event and fills each window from all of them', () => {
    fc.assert(
      fc.property(stampedStream, size, disorder, (stream, length, options) => {
        const model = new SlidingModel(length, options)
        const { push, complete, late, reports } = driven(length, options)
        for (const event of stream) {
          expect(push(event)).toEqual(ordered(model.push(event)))
          expect(reports.at(-1)?.buffered).toBe(model.buffered)
        }
        expect(complete()).toEqual(ordered(model.complete()))
        expect(late).toEqual(model.late)
      }),
      { numRuns: 1500 },
    )
  })

  it('counts every event at every moment, and none is held at the end', () => {
    fc.assert(
      fc.property(stampedStream, size, disorder, (stream, length, options) => {
        const { push, complete, late, reports } = driven(length, options)
        for (const event of stream) push(event)
        complete()
        for (const m of reports) expect(m.out + m.late + m.dropped + m.rejected + m.buffered).toBe(m.in)
        if (stream.length > 0)
          expect(reports.at(-1)).toMatchObject({ in: stream.length, late: late.length, buffered: 0 })
      }),
    )
  })
})

function driven(length: number, options: ModelOptions) {
  const source = new Subject<Stamped>()
  const late: Stamped[] = []
  const reports: StageCounts[] = []
  const stage = createStage('sliding')
  stage.changes({ every: 0 }).subscribe((counts) => reports.push(counts))
  let results: ModelResult[] = []
  source
    .pipe(
      slidingWindow({
        ...options,
        size: length,
        stage,
        timestamp: (e) => e.at,
        key: (e) => e.key,
        late: (e) => late.push(e),
        aggregates: (a) => ({ ids: a.collect((e) => e.id) }),
      }),
    )
    .subscribe((result) => {
      const value = result.value.ids.toSorted((a, b) => a - b)
      results.push({ ...result, value })
    })
  const taken = () => {
    const batch = results
    results = []
    const fired = batch.filter((r) => r.pane !== 'late').map((r) => r.window.end)
    expect(fired).toEqual(fired.toSorted((a, b) => a - b))
    return ordered(batch)
  }
  return {
    late,
    reports,
    push(event: Stamped) {
      source.next(event)
      return taken()
    },
    complete() {
      source.complete()
      return taken()
    },
  }
}

/** Ids are sorted: in a window all are of the same key, and their order is the business of `collect`. */
function ordered(results: readonly ModelResult[]): ModelResult[] {
  return results
    .map((result) => ({ ...result, value: result.value.toSorted((a, b) => a - b) }))
    .toSorted(
      (a, b) =>
        Number(b.pane === 'late') - Number(a.pane === 'late') ||
        a.window.end - b.window.end ||
        (a.key === b.key ? a.revision - b.revision : a.key < b.key ? -1 : 1),
    )
}
