import { DDSketch } from '../ddsketch.ts'
import { HyperLogLog } from '../hyperloglog.ts'
import { identityOf, type Key, type Primitive } from '../key.ts'
import type { Aggregate } from './aggregate.ts'
import { type MaybeNumber, numberReader } from './numeric.ts'

export function approxCountDistinct<T>(
  select: (event: T) => Key,
  precision: number,
): Aggregate<T, number, Primitive, HyperLogLog> {
  new HyperLogLog(precision)
  return {
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
  }
}

export function quantiles<T, R>(
  select: (event: T) => MaybeNumber,
  relativeError: number,
  resultOf: (sketch: DDSketch) => R,
): Aggregate<T, R | null, number | null, DDSketch> {
  new DDSketch(relativeError)
  return {
    read: numberReader('quantile', select),
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
  }
}
