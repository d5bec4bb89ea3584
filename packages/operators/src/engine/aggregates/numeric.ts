import { shapeOf } from '../../shape.ts'
import type { Aggregate } from './aggregate.ts'

/** A number to aggregate; null and undefined are passed over, as SQL passes over NULL. */
export type MaybeNumber = number | null | undefined

/** `R`, or null as well where what is selected may be missing: every one of a window's events may lack it. */
export type OrNull<V, R> = [V] extends [NonNullable<V>] ? R : R | null

/** Reads a number, or null where there is none. Anything else would turn a sum into text without a word, so it throws. */
export function numberReader<T>(
  aggregate: string,
  select: (event: T) => MaybeNumber,
): (event: T) => number | null {
  return (event) => {
    const value: unknown = select(event)
    if (typeof value === 'number') return value
    if (value === null || value === undefined) return null
    throw new TypeError(`${aggregate}: expected a number, got ${shapeOf(value)}`)
  }
}

export function count<T>(isCounted?: (event: T) => boolean): Aggregate<T, number, boolean, number> {
  return {
    read: isCounted ?? (() => true),
    create: () => 0,
    add: (into, read) => (read ? into + 1 : into),
    merge: (into, from) => into + from,
    copy: (n) => n,
    result: (n) => n,
  }
}

/** A sum with the rounding error of its additions beside it (Neumaier), so that the order of addition hardly shows. */
interface Total {
  n: number
  sum: number
  error: number
}

export function sum<T>(select: (event: T) => MaybeNumber): Aggregate<T, number | null, number | null, Total> {
  return { ...total('sum', select), result: (t) => (t.n === 0 ? null : exact(t)) }
}

export function avg<T>(select: (event: T) => MaybeNumber): Aggregate<T, number | null, number | null, Total> {
  return { ...total('avg', select), result: (t) => (t.n === 0 ? null : exact(t) / t.n) }
}

function total<T>(
  name: string,
  select: (event: T) => MaybeNumber,
): Omit<Aggregate<T, never, number | null, Total>, 'result'> {
  return {
    read: numberReader(name, select),
    create: () => ({ n: 0, sum: 0, error: 0 }),
    add(into, read) {
      if (read === null) return into
      into.n++
      plus(into, read)
      return into
    },
    merge(into, from) {
      into.n += from.n
      plus(into, from.sum)
      into.error += from.error
      return into
    },
    copy: ({ n, sum, error }) => ({ n, sum, error }),
  }
}

function plus(total: Total, x: number): void {
  const sum = total.sum + x
  total.error += Math.abs(total.sum) >= Math.abs(x) ? total.sum - sum + x : x - sum + total.sum
  total.sum = sum
}

/** Where the sum is infinite or not a number, so is the error, and only the sum says anything. */
function exact({ sum, error }: Total): number {
  return Number.isFinite(sum) ? sum + error : sum
}

/** Welford's running moments, merged by Chan's formula: no difference of large squares. */
interface Moments {
  n: number
  mean: number
  m2: number
}

export function variance<T>(
  select: (event: T) => MaybeNumber,
  of: 'population' | 'sample',
): Aggregate<T, number | null, number | null, Moments> {
  const lost = of === 'sample' ? 1 : 0
  return {
    read: numberReader('variance', select),
    create: () => ({ n: 0, mean: 0, m2: 0 }),
    add(into, read) {
      if (read === null) return into
      into.n++
      const delta = read - into.mean
      into.mean += delta / into.n
      into.m2 += delta * (read - into.mean)
      return into
    },
    merge(into, from) {
      if (from.n === 0) return into
      const n = into.n + from.n
      const delta = from.mean - into.mean
      into.m2 += from.m2 + (delta * delta * into.n * from.n) / n
      into.mean += (delta * from.n) / n
      into.n = n
      return into
    },
    copy: ({ n, mean, m2 }) => ({ n, mean, m2 }),
    result: ({ n, m2 }) => (n <= lost ? null : m2 / (n - lost)),
  }
}
