import { EMPTY } from 'rxjs'
import { expect, it } from 'vitest'
import * as operators from '../index.ts'

// What a program in JavaScript, or one that reads its options from somewhere, may pass.
const {
  batchWith,
  collectWindow,
  conflateWith,
  countWindow,
  debounceByKey,
  decode,
  decodeByType,
  dedupe,
  groupWithin,
  joinWithin,
  lag,
  mergeFeeds,
  processWith,
  rateLimit,
  reorder,
  route,
  sampleByKey,
  scanByKey,
  slidingWindow,
  threshold,
  throttleByKey,
  tumbling,
  windowAggregate,
} = operators as unknown as Record<string, (...args: unknown[]) => unknown>

const fn = () => 0
const levels = { high: 1 }
const side = { key: fn }
const stamped = { key: fn, timestamp: fn }
const schema = { '~standard': { validate: fn } }
const minute = tumbling?.('1m')
const aggregates = (a: operators.Aggregates<unknown>) => ({ n: a.count() })

it.each<[option: string, value: string, create: () => unknown]>([
  ['batchWith: fn', 'undefined', () => batchWith?.({ maxItems: 2 })],
  ['batchWith: weight', 'the string "w"', () => batchWith?.({ maxItems: 2, weight: 'w' }, fn)],
  ['collectWindow: orderBy', 'the string "n"', () => collectWindow?.({ orderBy: 'n' })],
  ['conflateWith: fold', 'undefined', () => conflateWith?.()],
  ['conflateWith: fn', 'undefined', () => conflateWith?.(fn)],
  ['countWindow: aggregates', 'undefined', () => countWindow?.({ size: 1 })],
  ['countWindow: key', 'the string "k"', () => countWindow?.({ size: 1, key: 'k', aggregates })],
  ['debounceByKey: key', 'undefined', () => debounceByKey?.({ quiet: 1 })],
  ['decode: parse', 'the string "json"', () => decode?.(schema, { parse: 'json' })],
  ['decodeByType: parse', 'null', () => decodeByType?.({ a: schema }, { parse: null })],
  ['dedupe: key', 'undefined', () => dedupe?.({ ttl: 1 })],
  ['dedupe: timestamp', 'the string "t"', () => dedupe?.({ key: fn, timestamp: 't' })],
  ['groupWithin: weight', 'the string "w"', () => groupWithin?.({ maxItems: 2, weight: 'w' })],
  ['joinWithin: left.key', 'undefined', () => joinWithin?.(EMPTY, { right: side, within: 1 }, fn)],
  [
    'joinWithin: right.timestamp',
    'the string "t"',
    () => joinWithin?.(EMPTY, { left: stamped, right: { ...stamped, timestamp: 't' }, within: 1 }, fn),
  ],
  ['joinWithin: project', 'undefined', () => joinWithin?.(EMPTY, { left: side, right: side, within: 1 })],
  ['lag: key', 'the string "k"', () => lag?.({ key: 'k' }, fn)],
  ['lag: project', 'undefined', () => lag?.({ key: fn })],
  ['mergeFeeds: feeds.a', 'the number 3', () => mergeFeeds?.({ a: 3 })],
  ['processWith: fn', 'undefined', () => processWith?.()],
  ['rateLimit: cost', 'the number 2', () => rateLimit?.({ tokens: 1, interval: 1, cost: 2 })],
  ['rateLimit: key', 'the string "k"', () => rateLimit?.({ tokens: 1, interval: 1, key: 'k' })],
  ['reorder: timestamp', 'the string "t"', () => reorder?.({ timestamp: 't' })],
  ['route: branch a', 'the number 3', () => route?.({ a: 3 })],
  ['route: by', 'the string "type"', () => route?.({ a: fn }, { by: 'type' })],
  ['sampleByKey: key', 'undefined', () => sampleByKey?.({ every: 1 })],
  ['scanByKey: key', 'the string "k"', () => scanByKey?.({ seed: fn, key: 'k' }, fn)],
  ['scanByKey: fn', 'undefined', () => scanByKey?.({ seed: fn })],
  ['slidingWindow: aggregates', 'undefined', () => slidingWindow?.({ size: 1 })],
  ['threshold: key', 'the string "k"', () => threshold?.({ value: fn, levels, key: 'k' })],
  ['threshold: value', 'undefined', () => threshold?.({ levels })],
  ['threshold: value', 'undefined', () => threshold?.({ levels, for: 1 })],
  ['throttleByKey: key', 'undefined', () => throttleByKey?.({ interval: 1 })],
  ['windowAggregate: aggregates', 'undefined', () => windowAggregate?.(minute, {})],
  ['windowAggregate: key', 'the string "k"', () => windowAggregate?.(minute, { key: 'k', aggregates })],
  [
    'windowAggregate: timestamp',
    'an object with a',
    () => windowAggregate?.(minute, { timestamp: { a: 1 } }),
  ],
])('%s must be a function, not %s', (option, value, create) => {
  expect(create).toThrow(new TypeError(`${option} must be a function, not ${value}`))
})

it('decodeByType needs schemas', () => {
  expect(() => decodeByType?.()).toThrow('decodeByType: events must be schemas by event type, not undefined')
})
