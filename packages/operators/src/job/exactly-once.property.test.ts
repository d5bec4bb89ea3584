import fc from 'fast-check'
import { map, type Observable, type OperatorFunction } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { faults, NO_FAULTS, type Pipeline, type Reading, runJob, scripts } from '../../test/crash-job.ts'
import { aggregates } from '../../test/stateful.ts'
import { dedupe } from '../keyed/dedupe.ts'
import { lag } from '../keyed/lag.ts'
import { scanByKey } from '../keyed/scan-by-key.ts'
import { threshold } from '../keyed/threshold.ts'
import type { Stage } from '../stage/stage.ts'
import { countWindow } from '../window/count-window.ts'
import { groupWithin } from '../window/group-within.ts'
import { reorder } from '../window/reorder.ts'
import { slidingWindow } from '../window/sliding-window.ts'
import { hopping, session, tumbling } from '../window/spec.ts'
import { windowAggregate } from '../window/window-aggregate.ts'

const key = (r: Reading) => r.key
const timestamp = (r: Reading) => r.time

type Step = (stage: Stage) => OperatorFunction<Reading, Reading>

/** What a window emits as one reading, so that another operator can follow. */
const aggregate =
  (spec: Parameters<typeof windowAggregate>[0], options: object): Step =>
  (stage) =>
  (source: Observable<Reading>) =>
    source.pipe(
      windowAggregate(spec, {
        timestamp: (r: Reading) => r.time,
        key: (r: Reading) => r.key % 3,
        aggregates,
        stage,
        ...options,
      }),
      map(({ key, window, value, revision, part }) => {
        const time = window.end
        return {
          key: key as number,
          time,
          value: value.sum as number,
          id: `${revision} ${part}`,
          aggregates: value,
        }
      }),
    )

const windows = fc.record({
  spec: fc.oneof(
    fc.integer({ min: 5, max: 90 }).map((size) => tumbling(size)),
    fc
      .tuple(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 12 }), fc.constantFrom(1, 5, 7))
      .map(([size, step, unit]) => hopping({ size: size * unit, every: step * unit })),
    fc.integer({ min: 2, max: 40 }).map((gap) => session(gap)),
    fc.constant(tumbling({ calendar: 'day', timeZone: 'Europe/Berlin' })),
  ),
  options: fc.record(
    {
      maxOutOfOrderness: fc.nat(30),
      allowedLateness: fc.nat(40),
      maxKeys: fc.integer({ min: 1, max: 3 }),
      onError: fc.constant(() => {}),
    },
    { requiredKeys: ['maxOutOfOrderness'] },
  ),
})

const lags = fc.integer({ min: 1, max: 3 }).map(
  (offset): Step =>
    (stage) =>
      lag({ key: (r) => r.key, offset, stage }, (now, before) => ({
        ...now,
        value: now.value + (before?.value ?? 0),
      })),
)
const levels: Step = (stage) => (source) =>
  source.pipe(
    threshold({
      key: (r) => r.key,
      value: (r) => r.value,
      levels: { low: -200, high: 300 },
      hysteresis: 150,
      changesOnly: true,
      stage,
    }),
    map(({ event, level, previous }) => ({ ...event, id: `${previous} ${level}` })),
  )

const steps: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: windows.map(({ spec, options }) => aggregate(spec, options)) },
  fc.option(fc.integer({ min: 1, max: 3 }), { nil: undefined }).map(
    (maxKeys): Step =>
      (stage) =>
        dedupe({ key: (r) => [r.key, Math.round(r.value / 100)], ...(maxKeys && { maxKeys }), stage }),
  ),
  fc.nat(50).map(
    (ttl): Step =>
      (stage) =>
        dedupe({ key: (r) => r.key, ttl: ttl + 1, timestamp: (r) => r.time, stage }),
  ),
  lags,
  fc.constant(levels),
  fc.integer({ min: 1, max: 40 }).map(
    (duration): Step =>
      (stage) =>
      (source) =>
        source.pipe(
          threshold({ key, timestamp, value: (r) => r.value, levels: { high: 0 }, for: duration, stage }),
          map(({ event, level }) => ({ ...event, id: `${event.id} ${level}` })),
        ),
  ),
  fc.integer({ min: 1, max: 60 }).map(
    (size): Step =>
      (stage) =>
      (source) =>
        source.pipe(
          slidingWindow({ key, timestamp, size, maxOutOfOrderness: size, aggregates, stage }),
          map(({ key: own, window, value, revision }) => ({
            key: own,
            time: window.end,
            value: value.sum as number,
            id: `${revision}`,
          })),
        ),
  ),
  fc.integer({ min: 1, max: 5 }).map(
    (size): Step =>
      (stage) =>
      (source) =>
        source.pipe(
          countWindow({ key, size, every: 2, aggregates, stage }),
          map(({ value, window }) => ({ ...(value.last as Reading), id: `${window.start}` })),
        ),
  ),
  fc.integer({ min: 1, max: 30 }).map(
    (wait): Step =>
      (stage) =>
        scanByKey(
          {
            key,
            timestamp,
            seed: () => ({ id: '', key: 0, time: 0, value: 0 }),
            onTimer: (last, { time }) => ({ ...last, time, id: `${last.id} silent` }),
            stage,
          },
          (_, r: Reading, { setTimer }) => {
            setTimer(r.time + wait)
            return r
          },
        ),
  ),
  fc.nat(30).map(
    (maxOutOfOrderness): Step =>
      (stage) =>
        reorder({ timestamp: (r) => r.time, maxOutOfOrderness, stage }),
  ),
  fc.integer({ min: 1, max: 4 }).map(
    (maxItems): Step =>
      (stage) =>
      (source) =>
        source.pipe(
          groupWithin({ maxItems, stage }),
          map((group) => ({ ...(group[0] as Reading), value: group.reduce((sum, r) => sum + r.value, 0) })),
        ),
  ),
)

/** Steps whose results for a key depend on the events of that key only. No event is late. */
const keyedSteps = fc
  .tuple(
    fc.array(
      fc.oneof(
        lags,
        fc.constant(levels),
        fc.constant<Step>((stage) => dedupe({ key: (r) => [r.key, Math.round(r.value / 100)], stage })),
      ),
      { maxLength: 2 },
    ),
    windows.map(({ spec }) => aggregate(spec, { maxOutOfOrderness: 30 })),
  )
  .map(([before, last]) => [...before, last])

describe('a job of any stages', () => {
  it('delivers exactly the results of an uninterrupted run, each once and in order, whenever it is killed', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(steps, { minLength: 1, maxLength: 3 }),
        scripts(),
        faults,
        async (chosen, script, plan) => {
          const pipeline: Pipeline = ([readings], job) =>
            chosen.reduce(
              (source, step, number) => source.pipe(step(job.stage(`stage${number}`))),
              readings as Observable<Reading>,
            )
          const expected = await runJob(pipeline, [script], NO_FAULTS)
          const log = await runJob(pipeline, [script], plan)
          expect([...log]).toEqual([...expected])
        },
      ),
      { numRuns: 300 },
    )
  }, 120_000)

  it('delivers exactly those of its shards, each once, which are those of each key without shards', async () => {
    await fc.assert(
      fc.asyncProperty(
        keyedSteps,
        scripts(),
        faults,
        fc.integer({ min: 1, max: 4 }),
        async (chosen, script, plan, shards) => {
          const pipeline: Pipeline = ([readings], job) =>
            chosen.reduce(
              (source, step, number) => source.pipe(step(job.stage(`stage${number}`))),
              readings as Observable<Reading>,
            )
          const whole = await runJob(pipeline, [script], NO_FAULTS)
          const log = await runJob(pipeline, [script], plan, { shards })
          const unprefixed = new Map([...log].map(([id, value]) => [id.replace(/^\d\/\d\|/, ''), value]))
          expect(log.size).toBe(whole.size)
          expect(unprefixed).toEqual(whole)
        },
      ),
      { numRuns: 40 },
    )
  }, 120_000)
})
