import { VirtualClock } from '@rxsse/testing/virtual-time'
import fc from 'fast-check'
import { Subject } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { foldResults } from '../../test/fold-results.ts'
import { stampedStream } from '../../test/stamped.ts'
import { AlignedModel, SessionModel, type Stamped } from '../../test/window-model.ts'
import type { WindowResult } from '../engine/window-engine.ts'
import { hopping, session, type WindowSpec } from './spec.ts'
import { windowAggregate } from './window-aggregate.ts'

type Result = WindowResult<string, { readonly ids: readonly number[] }>

interface Options {
  readonly maxOutOfOrderness: number
  readonly allowedLateness: number
  readonly maxKeys: number
  readonly early: boolean
}

const options: fc.Arbitrary<Options> = fc.record({
  maxOutOfOrderness: fc.integer({ min: 0, max: 12 }),
  allowedLateness: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 30 })),
  maxKeys: fc.constantFrom(1, 2, 3),
  early: fc.boolean(),
})
const grid = fc.record({
  size: fc.integer({ min: 1, max: 24 }),
  every: fc.integer({ min: 1, max: 24 }),
  offset: fc.constant(0),
})

function run(spec: WindowSpec, stream: readonly Stamped[], given: Options) {
  const { early, ...rest } = given
  const clock = new VirtualClock()
  const source = new Subject<Stamped>()
  const results: Result[] = []
  const late: Stamped[] = []
  source
    .pipe(
      windowAggregate(spec, {
        ...rest,
        ...(early && { early: 1 }),
        scheduler: clock,
        timestamp: (e) => e.at,
        key: (e) => e.key,
        late: (e) => late.push(e),
        aggregates: (a) => ({ ids: a.collect((e) => e.id) }),
      }),
    )
    .subscribe((result) => results.push(result))
  return {
    results,
    late,
    push(event: Stamped) {
      source.next(event)
      // Every third event is followed by early results.
      if (event.id % 3 === 0) clock.advanceBy(1)
    },
    complete: () => source.complete(),
    stream,
  }
}

const sorted = (ids: readonly number[]) => ids.toSorted((a, b) => a - b)

describe('folding any prefix of the results by their identity', () => {
  it('has each window that has fired with exactly its events, whatever early, late and split results it had', () => {
    fc.assert(
      fc.property(stampedStream, grid, options, (stream, spec, given) => {
        const model = new AlignedModel(spec, given)
        const { results, push, complete } = run(hopping(spec), stream, given)
        const check = () => {
          const folded = new Map<string, number[]>()
          for (const { key, window, value } of foldResults(results)) {
            const id = `${key} ${window.start}`
            folded.set(id, [...(folded.get(id) ?? []), ...value.ids])
          }
          for (const window of model.windows) {
            const ids = sorted(folded.get(`${window.key} ${window.start}`) ?? [])
            const all = window.events.map((event) => event.id)
            if (window.fired) expect(ids).toEqual(sorted(all))
            // An open window stands as it was at its last early result, or with the parts that were flushed.
            else for (const id of ids) expect(all).toContain(id)
            expect(new Set(ids).size).toBe(ids.length)
          }
        }
        for (const event of stream) {
          push(event)
          model.push(event)
          check()
        }
        complete()
        model.complete()
        check()
      }),
      { numRuns: 200 },
    )
  })

  it('has each session that has fired with exactly its events, and no event twice', () => {
    fc.assert(
      fc.property(stampedStream, fc.integer({ min: 1, max: 12 }), options, (stream, gap, given) => {
        const all = { ...given, maxKeys: 3 }
        const model = new SessionModel(gap, all)
        const { results, late, push, complete } = run(session(gap), stream, all)
        const sessions = new Map<string, readonly number[]>()
        const check = () => {
          const ids = foldResults(results).flatMap(({ value }) => value.ids)
          expect(new Set(ids).size).toBe(ids.length)
          const folded = foldResults(results).map(({ key, window, value }) => [
            `${key} ${window.start} ${window.end}`,
            value.ids,
          ])
          for (const [id, value] of sessions) expect(folded).toContainEqual([id, value])
        }
        const learn = (emitted: ReturnType<SessionModel['push']>) => {
          for (const { key, window, value, replaces = [] } of emitted) {
            for (const { start, end } of replaces) sessions.delete(`${key} ${start} ${end}`)
            sessions.set(`${key} ${window.start} ${window.end}`, value)
          }
        }
        for (const event of stream) {
          push(event)
          learn(model.push(event))
          // With early results a session that has grown has already taken the place of the old one.
          if (!given.early) check()
        }
        complete()
        learn(model.complete())
        check()
        const standing = foldResults(results).flatMap(({ value }) => value.ids)
        expect(sorted(standing)).toEqual(
          sorted(stream.map((event) => event.id)).filter((id) => !late.some((event) => event.id === id)),
        )
      }),
      { numRuns: 200 },
    )
  })

  it('has every event once if `maxKeys` splits sessions', () => {
    fc.assert(
      fc.property(stampedStream, fc.integer({ min: 1, max: 12 }), options, (stream, gap, given) => {
        const { results, late, push, complete } = run(session(gap), stream, given)
        for (const event of stream) push(event)
        complete()
        const standing = foldResults(results).flatMap(({ value }) => value.ids)
        expect(sorted([...standing, ...late.map((event) => event.id)])).toEqual(
          sorted(stream.map((event) => event.id)),
        )
      }),
      { numRuns: 200 },
    )
  })
})
