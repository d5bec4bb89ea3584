import { optionError } from '@rxsse/shared'
import { identifyKey, type Key, type Primitive } from '../keyed-state/key.ts'
import { DDSketch, type DDSketchData } from '../sketches/ddsketch.ts'
import { HyperLogLog } from '../sketches/hyperloglog.ts'
import type { Aggregate } from './aggregate.ts'
import { createFoldAggregate } from './fold-aggregate.ts'
import { type MaybeNumber, requireNumberOrNull } from './numeric.ts'

export function approxCountDistinct<T>(
  select: (event: T) => Key,
  { precision = 14 }: { readonly precision?: number } = {},
): Aggregate<T, number> {
  // Throws now if the precision is wrong.
  new HyperLogLog(precision)
  return createFoldAggregate<T, number, Primitive, HyperLogLog>({
    kind: `approxCountDistinct(${precision})`,
    read: (event) => identifyKey(select(event)),
    create: () => new HyperLogLog(precision),
    add: (into, id) => (id === null || id === undefined ? into : into.add(id)),
    merge: (into, from) => into.merge(from),
    result: (sketch) => Math.round(sketch.estimate()),
    toData: (sketch) => sketch.toData(),
    fromData: (data) => new HyperLogLog(precision, data as Uint8Array | Set<number>),
  })
}

export function quantile<T>(
  select: (event: T) => MaybeNumber,
  q: number | readonly number[],
  { relativeError = 0.01 }: { readonly relativeError?: number } = {},
): Aggregate<T, number | readonly number[] | null> {
  for (const share of [q].flat()) {
    if (!(share >= 0 && share <= 1)) throw optionError('quantile: q', 'a number from 0 to 1', share)
  }
  // Throws now if the error is wrong.
  new DDSketch(relativeError)
  return createFoldAggregate<T, number | readonly number[] | null, number | null, DDSketch>({
    kind: `quantile(${relativeError})`,
    read: (event) => requireNumberOrNull(select(event), 'quantile'),
    create: () => new DDSketch(relativeError),
    add: (into, value) => (value === null ? into : into.add(value)),
    merge: (into, from) => into.merge(from),
    result(sketch) {
      if (sketch.count === 0) return null
      return typeof q === 'number' ? sketch.quantile(q) : q.map((share) => sketch.quantile(share))
    },
    toData: (sketch) => sketch.toData(),
    fromData: (data) => new DDSketch(relativeError, data as DDSketchData),
  })
}
