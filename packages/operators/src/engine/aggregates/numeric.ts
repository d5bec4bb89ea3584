import { describeValue } from '@rxsse/shared'
import type { Aggregate } from './aggregate.ts'
import type { Cells } from './cells.ts'
import { FlatAggregate } from './flat-aggregate.ts'
import { createFoldAggregate } from './fold-aggregate.ts'

/** A number to aggregate. Null and undefined are ignored, as SQL ignores NULL. */
export type MaybeNumber = number | null | undefined

/** `R`, or null too if the selected value may be missing: all events of a window may lack it. */
export type OrNull<V, R> = [V] extends [NonNullable<V>] ? R : R | null

/** Returns the number, or null for a missing one. Throws for a string, which would turn a sum into text. */
export function requireNumberOrNull(value: unknown, aggregate: string): number | null {
  return typeof value === 'number' ? value : requireNull(value, aggregate)
}

function requireNull(value: unknown, aggregate: string, expected = 'a number'): null {
  if (value === null || value === undefined) return null
  throw new TypeError(`${aggregate}: the selected value must be ${expected}, not ${describeValue(value)}`)
}

export function count<T>(isCounted?: (event: T) => boolean): Aggregate<T, number> {
  return new Count(isCounted)
}

export function sum<T>(select: (event: T) => MaybeNumber): Aggregate<T, number | null> {
  return new Sum('sum', select)
}

/** An exact sum. */
export function sumBigInt<T>(select: (event: T) => bigint | null | undefined): Aggregate<T, bigint | null> {
  const add = (into: bigint | null, value: bigint | null) => (value === null ? into : (into ?? 0n) + value)
  return createFoldAggregate<T, bigint | null, bigint | null, bigint | null>({
    kind: 'sumBigInt',
    read(event) {
      const value = select(event)
      return typeof value === 'bigint' ? value : requireNull(value, 'sumBigInt', 'a bigint')
    },
    create: () => null,
    add,
    merge: add,
    result: (total) => total,
  })
}

export function avg<T>(select: (event: T) => MaybeNumber): Aggregate<T, number | null> {
  return new Average('avg', select)
}

export function variance<T>(
  select: (event: T) => MaybeNumber,
  of: 'population' | 'sample' = 'population',
): Aggregate<T, number | null> {
  return new Variance(select, of === 'sample' ? 1 : 0)
}

// Classes, because V8 inlines a method call that sees only a few classes, and these are called for every event.

class Count<T> extends FlatAggregate<T, number> {
  readonly kind = 'count'
  readonly width = 1
  readonly #isCounted: ((event: T) => boolean) | undefined

  constructor(isCounted: ((event: T) => boolean) | undefined) {
    super()
    this.#isCounted = isCounted
  }

  clear({ numbers }: Cells, at: number): void {
    numbers[at] = 0
  }

  add({ numbers }: Cells, at: number, event: T): void {
    if (this.#isCounted === undefined || this.#isCounted(event)) numbers[at] = (numbers[at] as number) + 1
  }

  merge({ numbers }: Cells, into: number, from: number): void {
    numbers[into] = (numbers[into] as number) + (numbers[from] as number)
  }

  copy({ numbers }: Cells, to: number, from: number): void {
    numbers[to] = numbers[from] as number
  }

  result({ numbers }: Cells, at: number): number {
    return numbers[at] as number
  }
}

// The cells of a sum.
const N = 0
const SUM = 1
const ERROR = 2

/** A sum and the rounding error of its additions (Neumaier), so that the order of additions hardly changes it. */
class Sum<T> extends FlatAggregate<T, number | null> {
  readonly kind: string
  readonly width = 3
  readonly #select: (event: T) => MaybeNumber

  constructor(name: string, select: (event: T) => MaybeNumber) {
    super()
    this.kind = name
    this.#select = select
  }

  clear({ numbers }: Cells, at: number): void {
    numbers[at + N] = 0
    numbers[at + SUM] = 0
    numbers[at + ERROR] = 0
  }

  add({ numbers }: Cells, at: number, event: T): void {
    const value = requireNumberOrNull(this.#select(event), this.kind)
    if (value === null) return
    numbers[at + N] = (numbers[at + N] as number) + 1
    addTo(numbers, at, value)
  }

  merge({ numbers }: Cells, into: number, from: number): void {
    numbers[into + N] = (numbers[into + N] as number) + (numbers[from + N] as number)
    addTo(numbers, into, numbers[from + SUM] as number)
    numbers[into + ERROR] = (numbers[into + ERROR] as number) + (numbers[from + ERROR] as number)
  }

  copy({ numbers }: Cells, to: number, from: number): void {
    numbers[to + N] = numbers[from + N] as number
    numbers[to + SUM] = numbers[from + SUM] as number
    numbers[to + ERROR] = numbers[from + ERROR] as number
  }

  result({ numbers }: Cells, at: number): number | null {
    if (numbers[at + N] === 0) return null
    const sum = numbers[at + SUM] as number
    // If the sum is infinite or NaN, the error is NaN or infinite too, and would spoil it.
    return Number.isFinite(sum) ? sum + (numbers[at + ERROR] as number) : sum
  }
}

function addTo(numbers: Float64Array, at: number, value: number): void {
  const sum = numbers[at + SUM] as number
  const total = sum + value
  const error = Math.abs(sum) >= Math.abs(value) ? sum - total + value : value - total + sum
  numbers[at + SUM] = total
  numbers[at + ERROR] = (numbers[at + ERROR] as number) + error
}

class Average<T> extends Sum<T> {
  override result(cells: Cells, at: number): number | null {
    const sum = super.result(cells, at)
    return sum === null ? null : sum / (cells.numbers[at + N] as number)
  }
}

const MEAN = 1
const M2 = 2
const ORIGIN = 3

/**
 * Welford's running moments, merged by Chan's formula, without a difference of large squares. The mean is relative to the first
 * value: a running mean far from 0 stops moving when what an event adds to it is less than its last digit.
 */
class Variance<T> extends FlatAggregate<T, number | null> {
  readonly kind = 'variance'
  readonly width = 4
  readonly #select: (event: T) => MaybeNumber
  readonly #lostDegrees: number

  constructor(select: (event: T) => MaybeNumber, lostDegrees: number) {
    super()
    this.#select = select
    this.#lostDegrees = lostDegrees
  }

  clear({ numbers }: Cells, at: number): void {
    numbers[at + N] = 0
    numbers[at + MEAN] = 0
    numbers[at + M2] = 0
    numbers[at + ORIGIN] = 0
  }

  add({ numbers }: Cells, at: number, event: T): void {
    const value = requireNumberOrNull(this.#select(event), 'variance')
    if (value === null) return
    const n = (numbers[at + N] as number) + 1
    if (n === 1) numbers[at + ORIGIN] = value
    const distance = value - (numbers[at + ORIGIN] as number)
    const delta = distance - (numbers[at + MEAN] as number)
    const mean = (numbers[at + MEAN] as number) + delta / n
    numbers[at + N] = n
    numbers[at + MEAN] = mean
    numbers[at + M2] = (numbers[at + M2] as number) + delta * (distance - mean)
  }

  merge(cells: Cells, into: number, from: number): void {
    const { numbers } = cells
    const more = numbers[from + N] as number
    if (more === 0) return
    const before = numbers[into + N] as number
    // The formula would multiply 0 by a square that may be infinite.
    if (before === 0) {
      this.copy(cells, into, from)
      return
    }
    const n = before + more
    const mean = numbers[into + MEAN] as number
    const shift = (numbers[from + ORIGIN] as number) - (numbers[into + ORIGIN] as number)
    const delta = shift + ((numbers[from + MEAN] as number) - mean)
    numbers[into + N] = n
    numbers[into + MEAN] = mean + (delta * more) / n
    numbers[into + M2] =
      (numbers[into + M2] as number) + (numbers[from + M2] as number) + delta * ((delta * before * more) / n)
  }

  copy({ numbers }: Cells, to: number, from: number): void {
    numbers[to + N] = numbers[from + N] as number
    numbers[to + MEAN] = numbers[from + MEAN] as number
    numbers[to + M2] = numbers[from + M2] as number
    numbers[to + ORIGIN] = numbers[from + ORIGIN] as number
  }

  result({ numbers }: Cells, at: number): number | null {
    const n = numbers[at + N] as number
    return n <= this.#lostDegrees ? null : (numbers[at + M2] as number) / (n - this.#lostDegrees)
  }
}
