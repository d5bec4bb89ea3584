import fc from 'fast-check'
import { from, lastValueFrom, map, type Observable, type OperatorFunction, toArray } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { faults, type Pipeline, type Reading, runJob, type Script, scripts } from '../../test/crash-job.ts'
import type { WindowResult } from '../engine/window-engine.ts'
import { dedupe } from '../keyed/dedupe.ts'
import type { Stage } from '../stage/stage.ts'
import type { Aggregates } from '../window/aggregates.ts'
import { countWindow } from '../window/count-window.ts'
import { groupWithin } from '../window/group-within.ts'
import { slidingWindow } from '../window/sliding-window.ts'
import { hopping, session, tumbling } from '../window/spec.ts'
import { StandingResults } from '../window/standing-results.ts'
import { windowAggregate } from '../window/window-aggregate.ts'

const one = (readings: readonly Observable<Reading>[]) => readings[0] as Observable<Reading>
const ends = fc.array(fc.nat(40), { minLength: 1, maxLength: 3 }).map((list) => list.sort((a, b) => a - b))
interface Options {
  readonly maxOutOfOrderness: number
  readonly allowedLateness?: number
  readonly maxKeys?: number
  readonly fill?: true
}

const options: fc.Arbitrary<Options> = fc.record(
  {
    maxOutOfOrderness: fc.nat(30),
    allowedLateness: fc.nat(40),
    maxKeys: fc.integer({ min: 1, max: 3 }),
    fill: fc.constant(true as const),
  },
  { requiredKeys: ['maxOutOfOrderness'] },
)

type Results = WindowResult<number, { readonly ids: readonly string[] }>
type Windows = (stage?: Stage) => OperatorFunction<Reading, Results>

const span = fc.integer({ min: 1, max: 9 })
const shared = {
  key: (r: Reading) => r.key % 3,
  aggregates: (a: Aggregates<Reading>) => ({ ids: a.collect((r) => r.id) }),
}
const timestamp = (r: Reading) => r.time

const specs = fc.oneof(
  fc.integer({ min: 5, max: 90 }).map((size) => tumbling(size)),
  fc.tuple(span, span).map(([size, every]) => hopping({ size: size * 5, every: every * 5 })),
  fc.integer({ min: 2, max: 40 }).map((gap) => session(gap)),
)
const windows: fc.Arbitrary<Windows> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.tuple(specs, options).map(
      ([spec, { fill, ...rest }]): Windows =>
        (stage) => {
          const isFilled = fill && spec.kind !== 'session'
          return windowAggregate(spec, {
            ...shared,
            timestamp,
            ...rest,
            ...(isFilled && { fill }),
            ...(stage && { stage }),
          })
        },
    ),
  },
  fc.tuple(fc.integer({ min: 1, max: 60 }), options).map(
    ([size, { fill: _, ...rest }]): Windows =>
      (stage) => {
        return slidingWindow({ size, ...shared, timestamp, ...rest, ...(stage && { stage }) })
      },
  ),
  fc.tuple(span, span, options).map(
    ([size, every, { maxKeys }]): Windows =>
      (stage) => {
        return countWindow({ size, every, ...shared, ...(maxKeys && { maxKeys }), ...(stage && { stage }) })
      },
  ),
)

/** The results that stand in the end, by key, window and part. */
function standing(results: readonly Results[]): ReadonlyMap<string, unknown> {
  const all = new StandingResults<Results>()
  for (const result of results) all.add(result)
  const named = all.list().map(({ key, window, part = 0, value }) => {
    return [`${key} ${window.start} ${window.end} ${part}`, value.ids] as const
  })
  return new Map(named.sort(([a], [b]) => (a < b ? -1 : 1)))
}

function readingsOf(script: Script): Reading[] {
  return script.map(({ reading }, i) => ({ ...reading, id: `${i + 1}` }))
}

describe('a job that has completed and runs again with more events', () => {
  it('has in the end the windows of a run that was never completed, whatever its log ignores', async () => {
    await fc.assert(
      fc.asyncProperty(windows, scripts(), ends, faults, async (chosen, script, stops, plan) => {
        const pipeline: Pipeline = (readings, job) => one(readings).pipe(chosen(job.stage('windows')))
        const log = await runJob(pipeline, [script], plan, { ends: stops })
        const plain = await lastValueFrom(from(readingsOf(script)).pipe(chosen(), toArray()))
        expect(standing([...log.values()] as Results[])).toEqual(standing(plain))
      }),
      { numRuns: 60 },
    )
  }, 60_000)

  it('delivers nothing again if there are no more events', async () => {
    await fc.assert(
      fc.asyncProperty(windows, scripts(), faults, async (chosen, script, plan) => {
        const pipeline: Pipeline = (readings, job) => one(readings).pipe(chosen(job.stage('windows')))
        const once = await runJob(pipeline, [script], plan)
        const again = await runJob(pipeline, [script], plan, { ends: [40, 40] })
        expect([...again.keys()]).toEqual([...once.keys()])
      }),
      { numRuns: 20 },
    )
  }, 60_000)

  it('remembers what the stages above know, and begins no group with events of an earlier one', async () => {
    await fc.assert(
      fc.asyncProperty(scripts(), ends, faults, async (script, stops, plan) => {
        const pipeline: Pipeline = (readings, job, scheduler) =>
          one(readings).pipe(
            dedupe({ key: (r) => Math.round(r.value / 100), stage: job.stage('seen') }),
            groupWithin({ maxItems: 3, maxWait: 30, scheduler, stage: job.stage('groups') }),
            map((group) => group.map(({ id }) => id)),
          )
        const log = await runJob(pipeline, [script], plan, { ends: stops })
        const seen = new Map<number, string>()
        for (const { value, id } of readingsOf(script)) {
          const key = Math.round(value / 100)
          if (!seen.has(key)) seen.set(key, id)
        }
        expect([...log.values()].flat()).toEqual([...seen.values()])
      }),
      { numRuns: 60 },
    )
  }, 60_000)
})
