import { identifyKey, type Key, type Primitive } from '../keyed-state/key.ts'
import { DDSketch } from '../sketches/ddsketch.ts'
import { HyperLogLog } from '../sketches/hyperloglog.ts'
import type { Aggregate } from './aggregate.ts'
import { createFoldAggregate } from './fold-aggregate.ts'
import { type MaybeNumber, requireNumberOrNull } from './numeric.ts'

export function approxCountDistinct<T>(select: (event: T) => Key, precision: number): Aggregate<T, number> {
  // Throws now if the precision is wrong.
  new HyperLogLog(precision)
  return createFoldAggregate<T, number, Primitive, HyperLogLog>({
    read: (event) => identifyKey(select(event)),
    create: () => new HyperLogLog(precision),
    add(into, id) {
      if (id !== null && id !== undefined) into.add(id)
      return into
    },
    merge(into, from) {
      into.merge(from)
      return into
    },
    result: (sketch) => Math.round(sketch.estimate()),
  })
}

export function quantiles<T, R>(
  select: (event: T) => MaybeNumber,
  relativeError: number,
  read: (sketch: DDSketch) => R,
): Aggregate<T, R | null> {
  // Throws now if the error is wrong.
  new DDSketch(relativeError)
  return createFoldAggregate<T, R | null, number | null, DDSketch>({
    read: (event) => requireNumberOrNull(select(event), 'quantile'),
    create: () => new DDSketch(relativeError),
    add(into, value) {
      if (value !== null) into.add(value)
      return into
    },
    merge(into, from) {
      into.merge(from)
      return into
    },
    result: (sketch) => (sketch.count === 0 ? null : read(sketch)),
  })
}
