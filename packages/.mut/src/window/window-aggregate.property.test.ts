import fc from 'fast-check'
import { Subject } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { stampedStream } from '../../test/stamped.ts'
import { AlignedModel, type ModelResult, SessionModel, type Stamped } from '../../test/window-model.ts'
import { createStage } from '../stage/create-stage.ts'
import type { StageCounts } from '../stage/stage.ts'
import { hopping, session, tumbling, type WindowSpec } from './spec.ts'
import { windowAggregate } from './window-aggregate.ts'

const disorder = fc.record({
  maxOutOfOrderness: fc.integer({ min: 0, max: 12 }),
  allowedLateness: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 30 })),
})
const grid = fc.record({
  size: fc.integer({ min: 1, max: 24 }),
  every: fc.integer({ min: 1, max: 24 }),
  offset: fc.integer({ min: -30, max: 30 }),
})

describe('windowAggregate, for any stream', () => {
  it('emits the same results as a model that adds every event to each of its windows', () => {
    fc.assert(
      fc.property(stampedStream, grid, disorder, (stream, spec, options) => {
        const model = new AlignedModel(spec, options)
        const { push, complete, late, outside } = driven(hopping(spec), options)
        for (const event of stream) expect(push(event)).toEqual(ordered(model.push(event)))
        expect(complete()).toEqual(ordered(model.complete()))
        expect(late).toEqual(model.late)
        expect(outside).toEqual(model.outside)
      }),
      { numRuns: 1500 },
    )
  })

  it('adds an event to exactly one tumbling window, unless it is late', () => {
    fc.assert(
      fc.property(stampedStream, fc.integer({ min: 1, max: 30 }), disorder, (stream, size, options) => {
        const late: Stamped[] = []
        const last = new Map<string, readonly number[]>()
        const source = new Subject<Stamped>()
        source
          .pipe(
            windowAggregate(tumbling(size), {
              ...options,
              timestamp: (e) => e.at,
              key: (e) => e.key,
              late: (e) => late.push(e),
              aggregates: (a) => ({ ids: a.collect((e) => e.id) }),
            }),
          )
          .subscribe(({ key, window, value }) => last.set(`${key} ${window.start}`, value.ids))
        for (const event of stream) source.next(event)
        source.complete()
        const placed = [...last.values()].flat().concat(late.map((e) => e.id))
        expect(placed.sort((a, b) => a - b)).toEqual(stream.map((e) => e.id))
      }),
    )
  })

  it('counts every event at every moment, and buffers exactly those with an open window', () => {
    fc.assert(
      fc.property(stampedStream, grid, disorder, (stream, spec, options) => {
        const model = new AlignedModel(spec, options)
        const { push, complete, reports } = driven(hopping(spec), options)
        for (const event of stream) {
          push(event)
          model.push(event)
          const open = new Set(
            model.windows.filter((w) => !w.fired).flatMap((w) => w.events.map((e) => e.id)),
          )
          expect(reports.at(-1)?.buffered).toBe(open.size)
        }
        complete()
        for (const m of reports) expect(m.out + m.late + m.dropped + m.rejected + m.buffered).toBe(m.in)
        if (stream.length > 0) {
          expect(reports.at(-1)).toMatchObject({
            in: stream.length,
            late: model.late.length,
            dropped: model.outside.length,
            buffered: 0,
          })
        }
      }),
    )
  })

  it('emits the same results as a model that cuts all events into sessions after each event', () => {
    fc.assert(
      fc.property(stampedStream, fc.integer({ min: 1, max: 12 }), disorder, (stream, gap, options) => {
        const model = new SessionModel(gap, options)
        const { push, complete, late, reports } = driven(session(gap), options)
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

  it('ends a session of an ordered stream after maxDuration, and starts another with the next event', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 6 }), { maxLength: 40, size: 'max' }),
        fc.integer({ min: 1, max: 5 }),
        fc.integer({ min: 1, max: 15 }),
        (steps, gap, maxDuration) => {
          const source = new Subject<Stamped>()
          const seen: unknown[] = []
          source
            .pipe(
              windowAggregate(session(gap, { maxDuration }), {
                timestamp: (e) => e.at,
                aggregates: (a) => ({ ids: a.collect((e) => e.id) }),
              }),
            )
            .subscribe(({ window, value }) => seen.push([window.start, window.end, value.ids]))
          const expected: [number, number, number[]][] = []
          let at = 0
          for (const [id, step] of steps.entries()) {
            const before = at
            at += step
            const open = expected.at(-1)
            if (open !== undefined && at - before <= gap && at - open[0] < maxDuration) open[2].push(id)
            else expected.push([at, 0, [id]])
            const now = expected.at(-1)
            if (now !== undefined) now[1] = Math.min(at + gap, now[0] + maxDuration)
            source.next({ at, key: '', id })
          }
          source.complete()
          expect(seen).toEqual(expected)
        },
      ),
      { numRuns: 500 },
    )
  })

  it('finds the same sessions in any order of events within maxOutOfOrderness', () => {
    const shuffled = stampedStream.chain((stream) =>
      fc.record({
        stream: fc.constant(stream),
        order: fc.shuffledSubarray(stream, { minLength: stream.length }),
      }),
    )
    fc.assert(
      fc.property(
        shuffled,
        fc.integer({ min: 1, max: 12 }),
        fc.boolean(),
        ({ stream, order }, gap, asLateness) => {
          const span = 1e9
          const options = asLateness
            ? { maxOutOfOrderness: 0, allowedLateness: span }
            : { maxOutOfOrderness: span, allowedLateness: 0 }
          const sessionsOf = (events: readonly Stamped[]) => {
            const { push, complete } = driven(session(gap), options)
            const results = [...events.flatMap(push), ...complete()]
            // A session that grew has another window than before. What stands is what contains the rest.
            return results
              .toSorted((a, b) => a.window.start - b.window.start || (a.key < b.key ? -1 : 1))
              .map(({ key, window, value }) => ({ key, window, value: value.toSorted((a, b) => a - b) }))
              .filter(
                (r) =>
                  !results.some(
                    (s) =>
                      s.key === r.key &&
                      s.value.length > r.value.length &&
                      r.value.every((id) => s.value.includes(id)),
                  ),
              )
          }
          expect(sessionsOf(order)).toEqual(sessionsOf(stream.toSorted((a, b) => a.at - b.at)))
        },
      ),
    )
  })
})

function driven(
  spec: WindowSpec,
  options: { readonly maxOutOfOrderness: number; readonly allowedLateness: number },
) {
  const source = new Subject<Stamped>()
  const late: Stamped[] = []
  const outside: Stamped[] = []
  const reports: StageCounts[] = []
  const stage = createStage('windows')
  stage.changes({ every: 0 }).subscribe((counts) => reports.push(counts))
  let results: ModelResult[] = []
  source
    .pipe(
      windowAggregate(spec, {
        ...options,
        stage,
        timestamp: (e) => e.at,
        key: (e) => e.key,
        late: (e) => late.push(e),
        onDropped: (e) => outside.push(e),
        aggregates: (a) => ({ ids: a.collect((e) => e.id) }),
      }),
    )
    .subscribe((result) => results.push({ ...result, value: result.value.ids }))
  const taken = () => {
    const batch = results
    results = []
    // A batch is late results, then those of one firing, by end.
    const fired = batch.filter((r) => r.pane !== 'late').map((r) => r.window.end)
    expect(fired).toEqual(fired.toSorted((a, b) => a - b))
    return ordered(batch)
  }
  return {
    late,
    outside,
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

function ordered(results: readonly ModelResult[]): ModelResult[] {
  return results.toSorted(
    (a, b) =>
      Number(b.pane === 'late') - Number(a.pane === 'late') ||
      a.window.end - b.window.end ||
      (a.key < b.key ? -1 : 1),
  )
}
