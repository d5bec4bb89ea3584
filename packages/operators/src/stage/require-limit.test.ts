import { EMPTY, of } from 'rxjs'
import { expect, it } from 'vitest'
import * as operators from '../index.ts'

const key = (n: number) => n
const aggregates = (a: operators.Aggregates<number>) => ({ n: a.count() })
const side = { key }

/** Half a key more than 1.5 would be a key more. */
it.each<[option: string, create: (limit: number) => unknown]>([
  ['batchWith: maxItems', (maxItems) => operators.batchWith({ maxItems }, of)],
  ['processWith: buffer', (buffer) => operators.processWith(of, { buffer })],
  ['processWith: concurrency', (concurrency) => operators.processWith(of, { concurrency })],
  ['groupWithin: maxItems', (maxItems) => operators.groupWithin({ maxItems, maxWait: 1 })],
  ['collectWindow: limit', (limit) => operators.collectWindow({ limit })],
  ['rateLimit: maxQueue', (maxQueue) => operators.rateLimit({ tokens: 1, interval: 1, maxQueue })],
  ['dedupe: maxKeys', (maxKeys) => operators.dedupe({ key, maxKeys })],
  ['lag: maxKeys', (maxKeys) => operators.lag({ key, maxKeys }, key)],
  ['threshold: maxKeys', (maxKeys) => operators.threshold({ key, value: key, levels: { a: 1 }, maxKeys })],
  ['scanByKey: maxKeys', (maxKeys) => operators.scanByKey({ key, seed: () => 0, maxKeys }, key)],
  ['sampleByKey: maxKeys', (maxKeys) => operators.sampleByKey({ key, every: 1, maxKeys })],
  ['debounceByKey: maxKeys', (maxKeys) => operators.debounceByKey({ key, quiet: 1, maxKeys })],
  ['throttleByKey: maxKeys', (maxKeys) => operators.throttleByKey({ key, interval: 1, maxKeys })],
  ['countWindow: maxKeys', (maxKeys) => operators.countWindow({ size: 1, key, aggregates, maxKeys })],
  ['slidingWindow: maxKeys', (maxKeys) => operators.slidingWindow({ size: 1, key, aggregates, maxKeys })],
  [
    'windowAggregate: maxKeys',
    (maxKeys) => operators.windowAggregate(operators.tumbling(1), { key, aggregates, maxKeys }),
  ],
  [
    'joinWithin: maxBuffered',
    (maxBuffered) => operators.joinWithin(EMPTY, { left: side, right: side, within: 1, maxBuffered }, key),
  ],
])('%s is a whole number or Infinity', (option, create) => {
  for (const limit of [1.5, 0.5, Number.NaN, -1])
    expect(() => create(limit)).toThrow(`${option} must be a whole number of at least`)
  for (const limit of [1, Number.POSITIVE_INFINITY]) create(limit)
})
