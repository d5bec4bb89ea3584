import { identifyKey, type Key, type Primitive } from '../keyed-state/key.ts'
import type { Aggregate } from './aggregate.ts'
import { createFoldAggregate, type Fold, identity, type TimedValue } from './fold-aggregate.ts'

/**
 * A sequence that contains other sequences without copying them. Overlapping windows share their parts this way. Copies
 * would take size / every times the memory.
 */
interface Rope<V> {
  readonly own: V[]
  readonly parts: Rope<V>[]
}

function createRope<V>(): Rope<V> {
  return { own: [], parts: [] }
}

function append<V>(into: Rope<V>, value: V): Rope<V> {
  // A value that is added after a merge comes after the merged parts.
  const tail = into.parts[into.parts.length - 1]
  if (tail === undefined) into.own.push(value)
  else into.parts.push({ own: [value], parts: [] })
  return into
}

function join<V>(into: Rope<V>, from: Rope<V>): Rope<V> {
  if (from.own.length > 0 || from.parts.length > 0) into.parts.push(from)
  return into
}

function* iterate<V>(rope: Rope<V>): Generator<V, void> {
  // Not recursive, because a rope may be as deep as a window has slices.
  const ahead: Rope<V>[] = [rope]
  for (let next = ahead.pop(); next !== undefined; next = ahead.pop()) {
    yield* next.own
    for (let i = next.parts.length - 1; i >= 0; i--) ahead.push(next.parts[i] as Rope<V>)
  }
}

/** Every value that is not null, in the order of event time. Equal timestamps are in the order of arrival. */
export function collect<T, V>(select: (event: T) => V = identity): Aggregate<T, readonly V[]> {
  return createFoldAggregate<T, readonly V[], V, Rope<TimedValue<V>>>({
    kind: 'collect',
    read: select,
    create: createRope,
    add: (into, value, timestamp) =>
      value === null || value === undefined ? into : append(into, { timestamp, value }),
    merge: join,
    result: (rope) => sortByTime(rope).map(({ value }) => value),
    toData: (rope) => [...iterate(rope)],
    fromData: (data) => ({ own: data as TimedValue<V>[], parts: [] }),
  })
}

/** Every value that is not null once, in the order of its first appearance in event time. */
export function collectDistinct<T, V extends Key>(select: (event: T) => V): Aggregate<T, readonly V[]> {
  return createFoldAggregate<T, readonly V[], Identified<V>, Distinct<V>>({
    kind: 'collectDistinct',
    ...createDistinctFold(select),
    result: (rope) => sortByTime(findFirst(rope)).map(({ value }) => value),
  })
}

/** The exact number of different values. Null and undefined are ignored, as in SQL. Holds all values. */
export function countDistinct<T, V extends Key>(select: (event: T) => V): Aggregate<T, number> {
  return createFoldAggregate<T, number, Identified<V>, Distinct<V>>({
    kind: 'countDistinct',
    ...createDistinctFold(select),
    result(rope) {
      const ids = new Set<Primitive>()
      for (const part of iterate(rope)) for (const id of part.keys()) ids.add(id)
      return ids.size
    },
  })
}

interface Identified<V> {
  readonly id: Primitive
  readonly value: V
}
type Distinct<V> = Rope<Map<Primitive, TimedValue<V>>>

function createDistinctFold<T, V extends Key>(
  select: (event: T) => V,
): Omit<Fold<T, never, Identified<V>, Distinct<V>>, 'kind' | 'result'> {
  return {
    read(event) {
      const value = select(event)
      return { id: identifyKey(value), value }
    },
    create: createRope,
    add(into, { id, value }, timestamp) {
      if (id === null || id === undefined) return into
      let seen = into.parts.length === 0 ? into.own[0] : undefined
      if (seen === undefined) {
        seen = new Map()
        append(into, seen)
      }
      const known = seen.get(id)
      if (known === undefined || timestamp < known.timestamp) seen.set(id, { timestamp, value })
      return into
    },
    merge: join,
    toData: (rope) => [...iterate(rope)],
    fromData(data) {
      const [own, ...parts] = data as Map<Primitive, TimedValue<V>>[]
      // Each stays apart: a value that comes now is after all of them.
      return { own: own === undefined ? [] : [own], parts: parts.map((part) => ({ own: [part], parts: [] })) }
    },
  }
}

function findFirst<V>(rope: Distinct<V>): Rope<TimedValue<V>> {
  const first = new Map<Primitive, TimedValue<V>>()
  for (const part of iterate(rope)) {
    for (const [id, timed] of part) {
      const known = first.get(id)
      if (known === undefined || timed.timestamp < known.timestamp) first.set(id, timed)
    }
  }
  return { own: [...first.values()], parts: [] }
}

function sortByTime<V>(rope: Rope<TimedValue<V>>): TimedValue<V>[] {
  // Array.prototype.sort is stable, so equal timestamps stay in the order of arrival.
  return [...iterate(rope)].sort((a, b) => a.timestamp - b.timestamp)
}
