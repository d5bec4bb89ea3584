import { Field, Float64, Int32, Schema } from 'apache-arrow'
import { describe, expect, it } from 'vitest'
import { describeMismatch, type Operator } from '../../test/state-law.ts'
import { toRecordBatches } from '../arrow/to-record-batches.ts'
import { dedupe } from '../keyed/dedupe.ts'
import { lag } from '../keyed/lag.ts'
import { scanByKey } from '../keyed/scan-by-key.ts'
import { threshold } from '../keyed/threshold.ts'
import { createProgress } from '../progress/progress.ts'
import { rateLimit } from '../rate/rate-limit.ts'
import { sampleByKey } from '../rate/sample-by-key.ts'
import { throttleByKey } from '../rate/throttle-by-key.ts'
import { countWindow } from '../window/count-window.ts'
import { joinWithin } from '../window/join-within.ts'
import { reorder } from '../window/reorder.ts'
import { slidingWindow } from '../window/sliding-window.ts'
import { hopping, session, tumbling } from '../window/spec.ts'
import { windowAggregate } from '../window/window-aggregate.ts'

type Pair = readonly [saved: Operator<never>, now: Operator<never>, said: string]

const counted = { aggregates: (a: { count(): never }) => ({ n: a.count() }) } as object
const windows =
  (spec: Parameters<typeof windowAggregate>[0], options: object = {}): Operator<never> =>
  (run) =>
    windowAggregate(spec, { ...counted, ...options, ...run } as never)
/** An operator with one set of options, and with another. */
const both = (operator: (options: never) => unknown, saved: object, now: object, said: string): Pair => {
  const build =
    (options: object): Operator<never> =>
    (run) =>
      operator({ ...options, ...run } as never) as ReturnType<Operator<never>>
  return [build(saved), build(now), said]
}

const levels = { value: Number, levels: { high: 10 } }
const time = { timestamp: Number }
const progress = { progress: createProgress(), feed: () => 'ams' }
const join = (options: never) => joinWithin([], options, () => 0)
const sides = { left: { key: Number, timestamp: Number }, right: { key: Number, timestamp: Number } }
const scan = (options: never) => scanByKey(options, () => 0)
const lagged = (options: never) => lag(options, () => 0)
const schema = (...fields: Field[]) => ({ schema: new Schema(fields) })

const differences: readonly Pair[] = [
  [windows(tumbling('1m')), windows(tumbling('2m')), '"size":60000'],
  [windows(tumbling('1m')), windows(hopping({ size: '1m', every: '10s' })), "windowAggregate's window"],
  [windows(session('1m')), windows(session('2m')), '"gap":60000'],
  [windows(session('1m')), windows(tumbling('1m')), "windowAggregate's "],
  [
    windows(tumbling('1m')),
    windows(tumbling('1m'), { allowedLateness: 5 }),
    "windowAggregate's allowedLateness",
  ],
  [windows(tumbling('1m')), windows(tumbling('1m'), { early: 5 }), "windowAggregate's early"],
  [windows(tumbling('1m')), windows(tumbling('1m'), { ...time, ...progress }), "windowAggregate's progress"],
  [
    windows(tumbling('1m')),
    windows(tumbling('1m'), { aggregates: (a: { sum(f: unknown): never }) => ({ n: a.sum(Number) }) }),
    "windowAggregate's aggregates",
  ],
  [
    windows(tumbling({ calendar: 'day', timeZone: 'Europe/Berlin' })),
    windows(tumbling({ calendar: 'day', timeZone: 'America/New_York' })),
    'Europe/Berlin',
  ],
  both(
    slidingWindow,
    { ...counted, size: 5 },
    { ...counted, size: 6 },
    "slidingWindow's size 5, which is 6 now",
  ),
  both(countWindow, { ...counted, size: 5 }, { ...counted, size: 6 }, "countWindow's size 5, which is 6 now"),
  both(countWindow, { ...counted, size: 5 }, { ...counted, size: 5, every: 1 }, "countWindow's every"),
  both(lagged, { offset: 1 }, { offset: 2 }, "lag's offset 1, which is 2 now"),
  both(dedupe, { key: Number }, { key: Number, ...time }, "dedupe's timestamp"),
  both(threshold, levels, { ...levels, levels: { high: 20 } }, "threshold's bounds"),
  both(threshold, levels, { ...levels, for: 5 }, "threshold's for"),
  both(threshold, { ...levels, for: 5 }, { ...levels, for: 6 }, "threshold's for 5, which is 6 now"),
  both(scan, { seed: () => 0 }, { seed: () => 0, onTimer: () => 0 }, "scanByKey's isTimed"),
  both(reorder, time, { ...time, ...progress }, "reorder's progress"),
  both(join, { ...sides, within: 5 }, { ...sides, within: 6 }, "joinWithin's within"),
  both(rateLimit, { tokens: 1, interval: 5 }, { tokens: 2, interval: 5 }, "rateLimit's tokens"),
  both(rateLimit, { tokens: 1, interval: 5 }, { tokens: 1, interval: 5, strict: true }, "rateLimit's strict"),
  both(
    toRecordBatches,
    schema(new Field('n', new Int32())),
    schema(new Field('n', new Float64())),
    "toRecordBatches's schema",
  ),
]

describe('a state of another shape', () => {
  it.each(differences)('%#: is an error with the stage, the operator and the option', (saved, now, said) => {
    expect(describeMismatch(saved, now)).toContain('the stage "stage" was saved with ')
    expect(describeMismatch(saved, now)).toContain(said)
    expect(describeMismatch(saved, saved)).toBeUndefined()
  })

  it('is an error with both operators if another one uses the stage', () => {
    const throttled: Operator<never> = (run) => throttleByKey({ key: Number, interval: 5, ...run })
    const sampled: Operator<never> = (run) => sampleByKey({ key: Number, every: 5, ...run })
    expect(describeMismatch(throttled, sampled)).toBe(
      'createJob: the stage "stage" was saved by throttleByKey, and sampleByKey uses it now',
    )
  })

  it('is none if only a limit has changed', () => {
    const limited = (maxKeys: number): Operator<never> => windows(tumbling('1m'), { maxKeys })
    expect(describeMismatch(limited(5), limited(3))).toBeUndefined()
  })
})
