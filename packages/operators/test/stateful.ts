import { Field, Float64, Int32, Schema, Utf8 } from 'apache-arrow'
import fc from 'fast-check'
import { map, type Observable, share, filter as where } from 'rxjs'
import { toRecordBatches } from '../src/arrow/to-record-batches.ts'
import {
  type Aggregates,
  collectWindow,
  countWindow,
  debounceByKey,
  dedupe,
  groupWithin,
  hopping,
  joinWithin,
  lag,
  latestResults,
  meter,
  rateLimit,
  reorder,
  sampleByKey,
  scanByKey,
  session,
  slidingWindow,
  threshold,
  throttleByKey,
  tumbling,
  type WindowResult,
  windowAggregate,
} from '../src/index.ts'
import { DAY, type Operator } from './state-law.ts'

export interface Reading {
  readonly id: string
  readonly key: number
  readonly time: number
  readonly value: number
}

/** How often each operator is tried. */
export const every = Number(process.env.STATE_RUNS ?? 15)

const some = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined })
/** Without the options that are undefined. */
const present = <T extends object>(options: T) =>
  Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as {
    [Name in keyof T]: Exclude<T[Name], undefined>
  }

const key = (r: Reading) => r.key
const timestamp = (r: Reading) => r.time
const time = { key, timestamp }
const maxKeys = some(fc.integer({ min: 1, max: 3 }))
const ttl = some(fc.integer({ min: 5, max: 60 }))
const lateness = {
  maxOutOfOrderness: fc.nat(20),
  allowedLateness: fc.constantFrom(0, 0, 15, 60),
  maxKeys,
}

/** Every aggregate. */
export const aggregates = (a: Aggregates<Reading>) => ({
  n: a.count(),
  sum: a.sum((r) => r.value),
  mean: a.avg((r) => r.value),
  variance: a.variance((r) => r.value),
  least: a.min((r) => r.value),
  latestId: a.max((r) => r.id),
  first: a.first((r) => r.value),
  last: a.last(),
  top: a.topK(2, (r) => r.value),
  all: a.collect((r) => r.value),
  values: a.collectDistinct((r) => Math.round(r.value / 200)),
  distinct: a.countDistinct((r) => r.value),
  about: a.approxCountDistinct((r) => r.value, { precision: 5 }),
  median: a.quantile((r) => r.value, [0.5, 0.9]),
  exact: a.sumBigInt((r) => BigInt(Math.round(r.value))),
  custom: a.custom<number, { values: number[] }>({
    create: () => ({ values: [] }),
    add: (into, r) => ({ values: [...into.values, r.value].sort() }),
    merge: (into, from) => ({ values: [...into.values, ...from.values].sort() }),
    result: ({ values }) => values.length,
  }),
})
const few = (a: Aggregates<Reading>) => ({ n: a.count(), sum: a.sum((r) => r.value) })
const chosen = fc.constantFrom<typeof aggregates>(aggregates, few as unknown as typeof aggregates)

const LEVELS = { levels: { low: -200, high: 300 }, hysteresis: 150 }
const spans = fc.integer({ min: 3, max: 60 })
const early = some(fc.integer({ min: 3, max: 30 }))

const schema = new Schema([
  new Field('key', new Int32()),
  new Field('value', new Float64()),
  new Field('id', new Utf8()),
])

type Result = WindowResult<number, number>

/** A result of the window that a reading is in. */
const windowOf =
  (size: number) =>
  ({ id, key: own, time: at, value }: Reading): Result => {
    const start = Math.floor(at / size) * size
    return { key: own, window: { start, end: start + size }, value, pane: 'on-time', revision: Number(id) }
  }

/** Each operator with state, with any options. */
export const stateful: Readonly<Record<string, fc.Arbitrary<Operator<Reading>>>> = {
  'tumbling windows': fc
    .record({
      size: fc.oneof(spans, fc.constant('day' as const)),
      fill: some(fc.constantFrom(true as const, 'previous' as const)),
      early,
      chosen,
      ...lateness,
    })
    .map(({ size, chosen: values, ...options }) => (run) => {
      const spec = size === 'day' ? tumbling({ calendar: size, timeZone: 'Europe/Berlin' }) : tumbling(size)
      return windowAggregate(spec, { ...time, ...present(options), aggregates: values, ...run })
    }),
  'hopping windows': fc
    .record({
      size: fc.integer({ min: 1, max: 14 }),
      step: fc.integer({ min: 1, max: 12 }),
      unit: fc.constantFrom(1, 5, 7),
      early,
      chosen,
      ...lateness,
    })
    .map(({ size, step, unit, chosen: values, ...options }) => (run) => {
      const spec = hopping({ size: size * unit, every: step * unit })
      return windowAggregate(spec, { ...time, ...present(options), aggregates: values, ...run })
    }),
  sessions: fc
    .record({
      gap: fc.integer({ min: 2, max: 30 }),
      maxDuration: some(fc.integer({ min: 30, max: 80 })),
      early,
      chosen,
      ...lateness,
    })
    .map(({ gap, maxDuration, chosen: values, ...options }) => (run) => {
      const spec = session(gap, present({ maxDuration }))
      return windowAggregate(spec, { ...time, ...present(options), aggregates: values, ...run })
    }),
  'sliding windows': fc
    .record({ size: spans, chosen, fraction: fc.constantFrom(0, 0.1), ...lateness })
    .map(({ size, fraction, chosen: values, ...options }) => (run) => {
      const at = (r: Reading) => r.time + fraction * r.key
      return slidingWindow({ key, timestamp: at, size, ...present(options), aggregates: values, ...run })
    }),
  'windows of a count': fc
    .record({
      size: fc.integer({ min: 1, max: 6 }),
      every: fc.integer({ min: 1, max: 6 }),
      ttl,
      maxKeys,
      chosen,
    })
    .map(({ chosen: values, ...options }) => (run) => {
      return countWindow({ key, ...present(options), aggregates: values, ...run })
    }),
  'lists of windows': spans.map((size) => (run) => (source) => {
    const orderBy = (a: Result, b: Result) => a.value - b.value
    return source.pipe(map(windowOf(size)), collectWindow({ orderBy, limit: 2, ...run }))
  }),
  'latest results': fc
    .record({ size: spans, windows: fc.integer({ min: 1, max: 3 }) })
    .map(({ size, windows }) => (run) => (source) => {
      return source.pipe(map(windowOf(size)), latestResults({ windows, ...run }))
    }),
  'dedupe by the clock': fc.record({ ttl, maxKeys }).map((options) => (run) => {
    return dedupe({ key: (r: Reading) => [r.key, r.value > 0], ...present(options), ...run })
  }),
  'dedupe in event time': fc.record({ ttl, maxKeys }).map((options) => (run) => {
    return dedupe({ ...time, ...present(options), ...run })
  }),
  lag: fc.record({ ttl, maxKeys, offset: fc.integer({ min: 1, max: 3 }) }).map((options) => (run) => {
    return lag({ key, ...present(options), ...run }, (now: Reading, before) => [before?.id, now.id])
  }),
  threshold: fc.record({ ttl, maxKeys, changesOnly: fc.boolean() }).map((options) => (run) => {
    return threshold({ key, value: (r: Reading) => r.value, ...LEVELS, ...present(options), ...run })
  }),
  'threshold with for': fc
    .record({
      for: fc.integer({ min: 3, max: 40 }),
      ttl,
      maxKeys,
      changesOnly: fc.boolean(),
      maxOutOfOrderness: fc.nat(20),
    })
    .map((options) => (run) => {
      return threshold({ ...time, value: (r: Reading) => r.value, ...LEVELS, ...present(options), ...run })
    }),
  scanByKey: scans(fc.constant({ timestamp })),
  reorder: fc.nat(30).map((maxOutOfOrderness) => (run) => {
    return reorder({ timestamp, maxOutOfOrderness, ...run })
  }),
  joinWithin: fc
    .record({
      before: fc.nat(30),
      after: fc.nat(30),
      kind: fc.constantFrom('inner' as const, 'left' as const, 'full' as const),
      maxOutOfOrderness: fc.nat(20),
      maxBuffered: some(fc.integer({ min: 1, max: 5 })),
    })
    .map(({ before, after, ...options }) => (run) => (source: Observable<Reading>) => {
      const shared = source.pipe(share())
      const [left, right] = [true, false].map((isLeft) => shared.pipe(where((r) => isLeft === r.value > 0)))
      return (left as Observable<Reading>).pipe(
        joinWithin(
          right as Observable<Reading>,
          { left: time, right: time, within: { before, after }, ...present(options), ...run },
          (a, b) => [a?.id, b?.id],
        ),
      )
    }),
  rateLimit: fc
    .record({
      tokens: fc.integer({ min: 1, max: 3 }),
      interval: spans,
      strict: fc.boolean(),
      mode: fc.constantFrom('shape' as const, 'drop' as const),
      maxQueue: some(fc.nat(3)),
    })
    .map((options) => (run) => rateLimit({ key, ...present(options), ...run })),
  sampleByKey: fc.record({ every: spans, maxKeys }).map((options) => (run) => {
    return sampleByKey({ key, ...present(options), ...run })
  }),
  debounceByKey: fc.record({ quiet: spans, maxWait: some(spans), maxKeys }).map((options) => (run) => {
    return debounceByKey({ key, ...present(options), ...run })
  }),
  throttleByKey: fc
    .record({ interval: spans, leading: fc.boolean(), maxKeys })
    .map((options) => (run) => throttleByKey({ key, ...present(options), ...run })),
  groupWithin: fc
    .record({
      maxItems: fc.integer({ min: 1, max: 5 }),
      maxWait: some(spans),
      maxWeight: some(fc.integer({ min: 1, max: 9 })),
    })
    .map((options) => (run) => groupWithin({ weight: key, ...present(options), ...run })),
  meter: fc
    .record({ every: spans, halfLife: spans })
    .map((options) => (run) => meter({ ...options, ...run })),
  toRecordBatches: fc
    .record({ maxRows: fc.integer({ min: 1, max: 5 }), maxWait: spans })
    .map((options) => (run) => (source) => {
      return source.pipe(
        toRecordBatches({ schema, ...options, ...run }),
        map((batch) => batch.toArray().map((row) => row?.toJSON())),
      )
    }),
}

/** Operators that go on with the clock while no events come. A new process counts the silence from its start. */
export const withClock: Readonly<Record<string, fc.Arbitrary<Operator<Reading>>>> = {
  'windows with idle': fc
    .record({
      size: spans,
      idle: fc.nat(30),
      maxFutureDrift: some(fc.constantFrom(0, 990, 2000)),
      early,
      ...lateness,
    })
    .map(({ size, ...options }) => (run) => {
      return windowAggregate(tumbling(size), {
        ...time,
        timestamp: (r: Reading) => DAY + r.time,
        ...present(options),
        aggregates: few,
        ...run,
      })
    }),
  'windows by the time of arrival': fc
    .record({ size: spans, maxKeys })
    .map(({ size, ...options }) => (run) => {
      return windowAggregate(tumbling(size), { key, ...present(options), aggregates: few, ...run })
    }),
  'threshold with for, by the clock': fc
    .record({ for: spans, ttl, changesOnly: fc.boolean() })
    .map((options) => (run) => {
      return threshold({ key, value: (r: Reading) => r.value, ...LEVELS, ...present(options), ...run })
    }),
  'scanByKey by the clock': scans(fc.constant({})),
}

function scans(
  times: fc.Arbitrary<{ readonly timestamp?: typeof timestamp }>,
): fc.Arbitrary<Operator<Reading>> {
  return fc
    .record({ ttl, maxKeys, times, waits: some(fc.integer({ min: 1, max: 40 })) })
    .map(({ waits, times: given, ...options }) => (run) => {
      const onTimer = (sum: number) => -sum
      return scanByKey(
        {
          key,
          seed: () => 0,
          ...present(options),
          ...given,
          ...(waits !== undefined && { onTimer }),
          ...run,
        },
        (sum, r: Reading, { time: now, setTimer, clearTimer, forget }) => {
          if (waits !== undefined && r.value > -500) setTimer(now + waits)
          else if (waits !== undefined) clearTimer()
          if (r.value > 800) forget()
          return sum + r.value
        },
      )
    })
}
