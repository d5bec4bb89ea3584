import { VirtualClock } from '@rxsse/testing/virtual-time'
import { NEVER, type Observable, type OperatorFunction, type SchedulerLike, Subject, throwError } from 'rxjs'
import { expect, it } from 'vitest'
import {
  type Aggregates,
  batchWith,
  conflateWith,
  countWindow,
  debounceByKey,
  dedupe,
  groupWithin,
  hopping,
  processWith,
  rateLimit,
  reorder,
  route,
  type Stage,
  sampleByKey,
  scanByKey,
  slidingWindow,
  threshold,
  throttleByKey,
  windowAggregate,
} from '../index.ts'
import { createStage } from '../stage/create-stage.ts'
import { commit } from './commit.ts'

interface Numbered {
  readonly lastEventId: string
  readonly time: number
}

const key = () => 'one'
const timestamp = (event: Numbered) => event.time
const aggregates = (a: Aggregates<Numbered>) => ({ n: a.count() })
const failing = () => {
  throw new Error('callback')
}
/** A level that has to last for 5 ms. */
const held = { timestamp, for: 5, changesOnly: true, value: () => 1, levels: { high: 0 } } as const
const rejecting = () => throwError(() => new Error('work'))

type Operator = (common: { readonly stage: Stage; readonly scheduler: SchedulerLike }) => unknown

// Each is given an event of the time 100 with the ID 1, then another one with the ID 2. A callback throws for one of them.
const CASES: readonly (readonly [name: string, operator: Operator, time: number])[] = [
  ['reorder: late', (o) => reorder({ ...o, timestamp, late: failing }), 50],
  ['reorder: onInvalid', (o) => reorder({ ...o, timestamp, onInvalid: failing }), Number.NaN],
  [
    'windowAggregate: late',
    (o) => windowAggregate(hopping({ size: 10, every: 10 }), { ...o, aggregates, timestamp, late: failing }),
    50,
  ],
  [
    'windowAggregate: onInvalid',
    (o) =>
      windowAggregate(hopping({ size: 10, every: 10 }), {
        ...o,
        aggregates,
        timestamp,
        onInvalid: failing,
      }),
    Number.NaN,
  ],
  [
    'windowAggregate: onDropped',
    (o) =>
      windowAggregate(hopping({ size: 10, every: 50 }), {
        ...o,
        aggregates,
        timestamp,
        onDropped: failing,
      }),
    120,
  ],
  ['slidingWindow: late', (o) => slidingWindow({ ...o, aggregates, size: 10, timestamp, late: failing }), 50],
  [
    'countWindow: onDropped',
    (o) => countWindow({ ...o, aggregates, size: 1, every: 2, onDropped: failing }),
    101,
  ],
  ['dedupe: onDropped', (o) => dedupe({ ...o, key, ttl: 10, onDropped: failing }), 101],
  [
    'throttleByKey: onDropped',
    (o) => throttleByKey({ ...o, key, interval: 10, trailing: false, onDropped: failing }),
    101,
  ],
  ['debounceByKey: onDropped', (o) => debounceByKey({ ...o, key, quiet: 10, onDropped: failing }), 101],
  ['sampleByKey: onDropped', (o) => sampleByKey({ ...o, key, every: 10, onDropped: failing }), 101],
  [
    'rateLimit: onDropped',
    (o) => rateLimit({ ...o, tokens: 1, interval: 10, mode: 'drop', onDropped: failing }),
    101,
  ],
  ["rateLimit: mode 'fail'", (o) => rateLimit({ ...o, tokens: 1, interval: 10, mode: 'fail' }), 101],
  [
    'groupWithin: onError',
    (o) =>
      groupWithin<Numbered>({ ...o, maxItems: 1, weight: (e) => (e.time > 100 ? -1 : 1), onError: failing }),
    101,
  ],
  [
    'route: onDropped',
    (o) =>
      route({ 100: (source: Observable<never>) => source } as never, {
        by: (e: Numbered) => `${e.time}`,
        stage: o.stage,
        onDropped: failing,
      }),
    101,
  ],
  [
    'scanByKey: onInvalid',
    (o) => scanByKey({ ...o, timestamp, seed: () => 0, onInvalid: failing }, (n) => n),
    Number.NaN,
  ],
  [
    'threshold: late',
    (o) =>
      threshold({
        ...o,
        ...held,
        late: failing,
      }),
    50,
  ],
  [
    'threshold: onInvalid',
    (o) =>
      threshold({
        ...o,
        ...held,
        onInvalid: failing,
      }),
    Number.NaN,
  ],
  [
    'processWith: onDropped',
    (o) =>
      processWith<Numbered, never>(() => NEVER, {
        stage: o.stage,
        buffer: 0,
        overflow: 'drop-newest',
        onDropped: failing,
      }),
    101,
  ],
  [
    'processWith: onError',
    (o) =>
      processWith<Numbered, never>((e) => (e.time > 100 ? rejecting() : []), {
        stage: o.stage,
        onError: failing,
      }),
    101,
  ],
  [
    'batchWith: onError',
    (o) =>
      batchWith<Numbered, never>(
        { maxItems: 1 },
        ([e]) => (e !== undefined && e.time > 100 ? rejecting() : []),
        { stage: o.stage, onError: failing },
      ),
    101,
  ],
  [
    'conflateWith: onError',
    (o) =>
      conflateWith<Numbered, Numbered, never>(
        (_, e) => e,
        (e) => (e.time > 100 ? rejecting() : []),
        { stage: o.stage, onError: failing },
      ),
    101,
  ],
]

it('an event is not saved if a callback throws for it', () => {
  for (const [name, create, time] of CASES) {
    const source = new Subject<Numbered>()
    const stage = createStage('stage')
    const saved: string[] = []
    const errors: unknown[] = []
    const operator = create({ stage, scheduler: new VirtualClock() }) as OperatorFunction<Numbered, unknown>
    source
      .pipe(operator, commit({ save: (id) => void saved.push(id) }, { after: stage }))
      .subscribe({ error: (error) => errors.push(error) })
    source.next({ lastEventId: '1', time: 100 })
    const before = [...saved]
    source.next({ lastEventId: '2', time })
    expect(errors, name).toHaveLength(1)
    expect(saved, name).toEqual(before)
  }
})
