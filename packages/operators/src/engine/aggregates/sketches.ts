import { identityOf, type Key, type Primitive } from '../keyed-state/key.ts'
import { DDSketch } from '../sketches/ddsketch.ts'
import { HyperLogLog } from '../sketches/hyperloglog.ts'
import type { Aggregate } from './aggregate.ts'
import { folded } from './folded.ts'
import { type MaybeNumber, numberOrNull } from './numeric.ts'

export function approxCountDistinct<T>(select: (event: T) => Key, precision: number): Aggregate<T, number> {
  new HyperLogLog(precision)
  return folded<T, number, Primitive, HyperLogLog>({
    read: (event) => identityOf(select(event)),
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
  resultOf: (sketch: DDSketch) => R,
): Aggregate<T, R | null> {
  new DDSketch(relativeError)
  return folded<T, R | null, number | null, DDSketch>({
    read: (event) => numberOrNull('quantile', select(event)),
    create: () => new DDSketch(relativeError),
    add(into, value) {
      if (value !== null) into.add(value)
      return into
    },
    merge(into, from) {
      into.merge(from)
      return into
    },
    result: (sketch) => (sketch.count === 0 ? null : resultOf(sketch)),
  })
}
