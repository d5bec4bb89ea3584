import { map, merge, type Observable, filter as where } from 'rxjs'
import {
  type Aggregates,
  countWindow,
  dedupe,
  groupWithin,
  hopping,
  type Job,
  joinWithin,
  lag,
  reorder,
  scanByKey,
  session,
  slidingWindow,
  threshold,
  tumbling,
  windowAggregate,
} from '../../src/index.ts'

/** An event of a feed. */
export interface Measured {
  readonly feed: string
  /** Counts the events of a feed. */
  readonly n: number
  readonly key: number
  readonly time: number
  readonly value: number
}

const key = (event: Measured) => event.key
const time = { timestamp: (event: Measured) => event.time, maxOutOfOrderness: 40 }
const byKey = { ...time, key }
const aggregates = (a: Aggregates<Measured>) => ({
  n: a.count(),
  mean: a.avg((event) => event.value),
  median: a.quantile((event) => event.value, 0.5),
  all: a.collect((event) => event.n),
})

/** Operators whose results depend on the events of the feed alone. */
export function connectOneFeed(job: Job, events: Observable<Measured>): readonly Observable<unknown>[] {
  const stage = (name: string) => ({ stage: job.stage(name) })
  const [even, odd] = [0, 1].map((rest) => events.pipe(where(({ n }) => n % 2 === rest)))
  return [
    events.pipe(
      windowAggregate(tumbling(100), {
        ...byKey,
        aggregates,
        allowedLateness: 60,
        fill: true,
        ...stage('tumbling'),
      }),
    ),
    events.pipe(
      windowAggregate(hopping({ size: 200, every: 50 }), { ...byKey, aggregates, ...stage('hopping') }),
    ),
    events.pipe(windowAggregate(session(30), { ...byKey, aggregates, maxKeys: 2, ...stage('sessions') })),
    events.pipe(slidingWindow({ ...byKey, size: 150, aggregates, ...stage('sliding') })),
    events.pipe(countWindow({ key, size: 7, every: 3, aggregates, ...stage('counted') })),
    events.pipe(
      dedupe({ key: ({ value }) => Math.round(value / 10), maxKeys: 20, ...stage('seen') }),
      lag({ key, ...stage('before') }, (now, before) => ({ now: now.n, before: before?.n })),
    ),
    events.pipe(
      threshold({
        ...byKey,
        value: ({ value }) => value,
        levels: { high: 500 },
        for: 20,
        changesOnly: true,
        ...stage('levels'),
      }),
    ),
    events.pipe(
      scanByKey(
        {
          ...byKey,
          seed: () => ({ n: 0, silent: 0 }),
          onTimer: ({ n, silent }) => ({ n, silent: silent + 1 }),
          ...stage('scan'),
        },
        ({ n, silent }, event, { setTimer }) => {
          setTimer(event.time + 25)
          return { n: n + 1, silent }
        },
      ),
    ),
    (even as Observable<Measured>).pipe(
      joinWithin(
        odd as Observable<Measured>,
        {
          left: byKey,
          right: byKey,
          within: { before: 20, after: 30 },
          kind: 'full',
          maxOutOfOrderness: 40,
          ...stage('join'),
        },
        (left, right) => [left?.n, right?.n],
      ),
    ),
    events.pipe(
      reorder({ ...time, ...stage('order') }),
      groupWithin({ maxItems: 9, ...stage('groups') }),
      map((group) => group.map(({ n }) => n)),
    ),
  ]
}

/** Operators whose results are the same in whatever order the events of two feeds meet, apart from their order. */
export function connectTwoFeeds(
  job: Job,
  feeds: readonly Observable<Measured>[],
): readonly Observable<unknown>[] {
  const [ams, par] = feeds as readonly [Observable<Measured>, Observable<Measured>]
  const feed = (event: Measured) => event.feed
  const sum = (a: Aggregates<Measured>) => ({ n: a.count(), sum: a.sumBigInt(({ value }) => BigInt(value)) })
  return [
    ...[tumbling(100), hopping({ size: 200, every: 50 }), session(15)].map((spec, number) =>
      merge(ams, par).pipe(
        windowAggregate(spec, {
          ...byKey,
          progress: job,
          feed,
          aggregates: sum,
          stage: job.stage(`windows ${number}`),
        }),
      ),
    ),
    ams.pipe(
      joinWithin(
        par,
        {
          left: { ...byKey, feed },
          right: { ...byKey, feed },
          within: 10,
          kind: 'full',
          maxOutOfOrderness: 40,
          progress: job,
          stage: job.stage('join'),
        },
        (left, right) => [left?.n, right?.n],
      ),
    ),
  ]
}
