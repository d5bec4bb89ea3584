import { describeValue, requireInteger } from '@rxsse/shared'
import type { StateReader, StateWriter } from '../../stage/operator-state.ts'
import type { Aggregate } from './aggregate.ts'
import type { Cells } from './cells.ts'
import { FlatAggregate } from './flat-aggregate.ts'
import { createFoldAggregate, identity, type TimedValue } from './fold-aggregate.ts'
import type { MaybeNumber } from './numeric.ts'

/** A value that `<` can compare. Dates compare by their time. */
export type Comparable = number | string | bigint | boolean | Date

type Maybe<V> = V | null | undefined

export function min<T, V extends Maybe<Comparable>>(
  select: (event: T) => V,
): Aggregate<T, NonNullable<V> | null> {
  return new Min(select)
}

export function max<T, V extends Maybe<Comparable>>(
  select: (event: T) => V,
): Aggregate<T, NonNullable<V> | null> {
  return new Max(select)
}

/** A cell holds the best number. If that is NaN, it holds the best value, or undefined for none. */
abstract class Extreme<T, V extends Maybe<Comparable>> extends FlatAggregate<T, NonNullable<V> | null> {
  readonly width = 1
  readonly #select: (event: T) => V

  constructor(select: (event: T) => V) {
    super()
    this.#select = select
  }

  protected abstract beats(a: Comparable, b: Comparable): boolean

  clear({ numbers, values }: Cells, at: number): void {
    numbers[at] = Number.NaN
    if (at < values.length) values[at] = undefined
  }

  add(cells: Cells, at: number, event: T): void {
    const value: Maybe<Comparable> = this.#select(event)
    if (typeof value === 'number') this.#addNumber(cells, at, value)
    else this.#addAny(cells, at, value ?? undefined)
  }

  merge(cells: Cells, into: number, from: number): void {
    const value = cells.numbers[from] as number
    if (Number.isNaN(value)) this.#addAny(cells, into, comparableAt(cells, from))
    else this.#addNumber(cells, into, value)
  }

  #addNumber(cells: Cells, at: number, value: number): void {
    const { numbers } = cells
    const best = numbers[at] as number
    // `+ 0` because 0 and -0 are equal: which of them came first must not show.
    if (this.beats(value, best)) numbers[at] = value + 0
    else if (Number.isNaN(value) || Number.isNaN(best)) this.#addAny(cells, at, value)
  }

  #addAny(cells: Cells, at: number, value: Comparable | undefined): void {
    if (value === undefined) return
    const best = comparableAt(cells, at)
    // A NaN is never beaten and beats everything, as in Math.min: otherwise the answer would depend on the order.
    if (best === undefined || this.beats(value, best) || isUnordered(value)) setComparable(cells, at, value)
  }

  copy({ numbers, values }: Cells, to: number, from: number): void {
    const number = numbers[from] as number
    numbers[to] = number
    if (Number.isNaN(number) && values[from] !== undefined) values[to] = values[from]
  }

  result(cells: Cells, at: number): NonNullable<V> | null {
    // The value came from `select`.
    return (comparableAt(cells, at) as NonNullable<V> | undefined) ?? null
  }

  override save(cells: Cells, at: number, writer: StateWriter): void {
    writer.value(comparableAt(cells, at))
  }

  override load(cells: Cells, at: number, reader: StateReader): void {
    const value = reader.value<Comparable | undefined>()
    if (value !== undefined) setComparable(cells, at, value)
  }
}

class Min<T, V extends Maybe<Comparable>> extends Extreme<T, V> {
  readonly kind = 'min'

  protected override beats(a: Comparable, b: Comparable): boolean {
    return a < b
  }
}

class Max<T, V extends Maybe<Comparable>> extends Extreme<T, V> {
  readonly kind = 'max'

  protected override beats(a: Comparable, b: Comparable): boolean {
    return a > b
  }
}

function isUnordered(value: Comparable): boolean {
  return Number.isNaN(value instanceof Date ? value.getTime() : value)
}

function setComparable({ numbers, values }: Cells, at: number, value: Comparable): void {
  numbers[at] = typeof value === 'number' ? value + 0 : Number.NaN
  if (Number.isNaN(numbers[at])) values[at] = value
}

function comparableAt({ numbers, values }: Cells, at: number): Comparable | undefined {
  const number = numbers[at] as number
  return Number.isNaN(number) ? (values[at] as Comparable | undefined) : number
}

/** The first value in event time that is not null. Of equal timestamps, the one that arrived first. */
export function first<T, V>(select: (event: T) => V = identity): Aggregate<T, V | null> {
  return createTimeFold('first', select, (timestamp, than) => timestamp < than)
}

/** The last value in event time that is not null. Of equal timestamps, the one that arrived last. */
export function last<T, V>(select: (event: T) => V = identity): Aggregate<T, V | null> {
  return createTimeFold('last', select, (timestamp, than) => timestamp >= than)
}

function createTimeFold<T, V>(
  kind: string,
  select: (event: T) => V,
  replaces: (timestamp: number, than: number) => boolean,
): Aggregate<T, V | null> {
  return createFoldAggregate<T, V | null, V, TimedValue<V> | null>({
    kind,
    read: select,
    create: () => null,
    add(into, value, timestamp) {
      if (value === null || value === undefined) return into
      return into === null || replaces(timestamp, into.timestamp) ? { timestamp, value } : into
    },
    merge: (into, from) =>
      from !== null && (into === null || replaces(from.timestamp, into.timestamp)) ? from : into,
    copy: (timed) => timed,
    result: (timed) => (timed === null ? null : timed.value),
  })
}

/** An event with its score. Of equal scores, the earlier event ranks higher. */
interface Ranked<T> {
  readonly score: number
  readonly timestamp: number
  readonly event: T
}

export function topK<T>(k: number, by: (event: T) => MaybeNumber): Aggregate<T, readonly T[]> {
  requireInteger(k, 'topK: k', 1)
  function insert(ranks: Ranked<T>[], ranked: Ranked<T>): Ranked<T>[] {
    const lowest = ranks[k - 1]
    if (lowest !== undefined && !isAbove(ranked, lowest)) return ranks
    let at = ranks.length
    for (let above = ranks[at - 1]; above !== undefined && isAbove(ranked, above); above = ranks[at - 1]) at--
    ranks.splice(at, 0, ranked)
    if (ranks.length > k) ranks.pop()
    return ranks
  }
  return createFoldAggregate<
    T,
    readonly T[],
    { readonly score: number; readonly event: T } | null,
    Ranked<T>[]
  >({
    kind: `topK(${k})`,
    read(event) {
      const score = by(event)
      if (score === null || score === undefined) return null
      if (typeof score === 'number' && !Number.isNaN(score)) return { score, event }
      throw new TypeError(`topK: the score must be a number, not ${describeValue(score)}`)
    },
    create: () => [],
    add: (into, read, timestamp) => (read === null ? into : insert(into, { ...read, timestamp })),
    merge: (into, from) => from.reduce(insert, into),
    copy: (ranks) => ranks.slice(),
    result: (ranks) => ranks.map(({ event }) => event),
  })
}

function isAbove<T>(a: Ranked<T>, b: Ranked<T>): boolean {
  return a.score > b.score || (a.score === b.score && a.timestamp < b.timestamp)
}
