import fc from 'fast-check'
import { Subject } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { type FilledResult, FillModel } from '../../test/fill-model.ts'
import { stampedStream } from '../../test/stamped.ts'
import type { Stamped } from '../../test/window-model.ts'
import type { EmptyWindow } from '../engine/window-engine.ts'
import { createStage } from '../stage/create-stage.ts'
import { hopping } from './spec.ts'
import { windowAggregate } from './window-aggregate.ts'

interface Ids {
  readonly ids: readonly number[]
}

const fills = {
  empty: { option: true as const, model: () => [] },
  previous: { option: 'previous' as const, model: (previous: readonly number[]) => previous },
  function: {
    option: ({ previous }: EmptyWindow<string, Ids>): Ids => ({ ids: [previous.ids.length, 7] }),
    model: (previous: readonly number[]) => [previous.length, 7],
  },
}

describe('fill, for any stream', () => {
  it('emits the same results as a model that gives each key its windows one by one', () => {
    fc.assert(
      fc.property(
        stampedStream,
        fc.record({ size: fc.integer({ min: 1, max: 24 }), every: fc.integer({ min: 1, max: 24 }) }),
        fc.record({
          maxOutOfOrderness: fc.integer({ min: 0, max: 12 }),
          allowedLateness: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 30 })),
        }),
        fc.constantFrom(1, 2, 5, 1000),
        fc.constantFrom(...Object.values(fills)),
        (stream, spec, options, limit, fill) => {
          const model = new FillModel(spec, { ...options, limit, fill: fill.model })
          const forgotten: string[] = []
          const seen: FilledResult[] = []
          const source = new Subject<Stamped>()
          const stage = createStage('windows')
          source
            .pipe(
              windowAggregate(hopping(spec), {
                ...options,
                stage,
                maxEmpty: limit,
                timestamp: (e) => e.at,
                key: (e) => e.key,
                onEvicted: ({ key }) => forgotten.push(key),
                aggregates: (a) => ({ ids: a.collect((e) => e.id) }),
                // The types of the three differ; they are checked in fill.test.ts.
                fill: fill.option as 'previous',
              }),
            )
            .subscribe((result) => seen.push({ ...result, value: result.value.ids }))
          const check = (expected: readonly FilledResult[]) => {
            const fired = seen.filter(({ pane }) => pane !== 'late').map(({ window }) => window.end)
            expect(fired).toEqual(fired.toSorted((a, b) => a - b))
            expect(ordered(seen.splice(0))).toEqual(ordered(expected))
            expect(forgotten.toSorted()).toEqual(model.forgotten.toSorted())
          }
          for (const event of stream) {
            source.next(event)
            check(model.push(event))
          }
          source.complete()
          check(model.complete())
          const { in: entered, out, late, dropped } = stage.counts()
          expect(out + late + dropped).toBe(entered)
        },
      ),
      { numRuns: 1500 },
    )
  })
})

function ordered(results: readonly FilledResult[]): FilledResult[] {
  return results.toSorted(
    (a, b) =>
      Number(b.pane === 'late') - Number(a.pane === 'late') ||
      a.window.end - b.window.end ||
      (a.key < b.key ? -1 : 1),
  )
}
