import type { Reading } from './readings.ts'

/** Several aggregates computed together, for the strategies without the operator. */
export interface Folds {
  create(): unknown[]
  add(into: unknown[], r: Reading): void
  merge(into: unknown[], from: unknown[]): void
  result(of: unknown[]): Readonly<Record<string, unknown>>
}

/** Count, mean, minimum and maximum of the readings. */
export function createMetricFolds(): Folds {
  return combineFolds({
    n: count(),
    mean: mean((r) => r.value),
    min: extreme(
      (r) => r.value,
      (a, b) => a < b,
    ),
    max: extreme(
      (r) => r.value,
      (a, b) => a > b,
    ),
  })
}

/** An aggregate like the operator's: it checks the selected values and skips null. */
interface Fold<A> {
  create(): A
  add(into: A, r: Reading): A
  merge(into: A, from: A): A
  result(of: A): unknown
}

type Select = (r: Reading) => number | null

function count(): Fold<number> {
  return { create: () => 0, add: (n) => n + 1, merge: (n, m) => n + m, result: (n) => n }
}

/** Compensates the rounding error of the sum. */
function mean(select: Select): Fold<Total> {
  return {
    create: () => ({ n: 0, sum: 0, error: 0 }),
    add(total, r) {
      const value = requireNumber(select(r))
      if (value === null) return total
      total.n++
      plus(total, value)
      return total
    },
    merge(total, from) {
      total.n += from.n
      plus(total, from.sum)
      total.error += from.error
      return total
    },
    result: ({ n, sum, error }) => (n === 0 ? null : (sum + error) / n),
  }
}

interface Total {
  n: number
  sum: number
  error: number
}

function plus(total: Total, x: number): void {
  const sum = total.sum + x
  total.error += Math.abs(total.sum) >= Math.abs(x) ? total.sum - sum + x : x - sum + total.sum
  total.sum = sum
}

function extreme(select: Select, beats: (a: number, b: number) => boolean): Fold<number | null> {
  const better = (best: number | null, value: number | null) =>
    value !== null && (best === null || beats(value, best)) ? value : best
  return {
    create: () => null,
    add: (best, r) => better(best, requireNumber(select(r))),
    merge: better,
    result: (best) => best,
  }
}

function requireNumber(value: unknown): number | null {
  if (typeof value === 'number') return value
  if (value === null || value === undefined) return null
  throw new TypeError(`the value must be a number, not ${typeof value}`)
}

/** Combines folds with accumulators of different types. */
function combineFolds(shape: Readonly<Record<string, Fold<unknown>>>): Folds {
  const names = Object.keys(shape)
  const folds = Object.values(shape)
  const blank = Object.fromEntries(names.map((name) => [name, undefined]))
  return {
    create() {
      const all: unknown[] = []
      for (const fold of folds) all.push(fold.create())
      return all
    },
    add(into, r) {
      let i = 0
      for (const fold of folds) {
        into[i] = fold.add(into[i], r)
        i++
      }
    },
    merge(into, from) {
      let i = 0
      for (const fold of folds) {
        into[i] = fold.merge(into[i], from[i])
        i++
      }
    },
    result(of) {
      const results: Record<string, unknown> = { ...blank }
      let i = 0
      for (const fold of folds) {
        results[names[i] ?? ''] = fold.result(of[i])
        i++
      }
      return results
    },
  }
}
