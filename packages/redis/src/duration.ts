/** Milliseconds, or a number with its unit: `1500`, `'250ms'`, `'30s'`, `'5m'`, `'1h'`, `'1d'`. */
export type Duration = number | `${number}${'ms' | 's' | 'm' | 'h' | 'd'}`

/**
 * A {@link Duration} in milliseconds. Throws a `RangeError` that names `option` for anything that is not a
 * finite, non-negative time, or that a 32-bit timer cannot hold (about 24.8 days).
 */
export function parseDuration(value: Duration, option: string): number {
  const milliseconds = typeof value === 'number' ? value : parseText(value)
  if (Number.isFinite(milliseconds) && milliseconds >= 0 && milliseconds <= LONGEST_TIMER) return milliseconds
  throw new RangeError(
    `${option} is ${describe(value)}; give milliseconds or a time like '250ms', '30s', '5m', '1h' or '1d', at most 24 days`,
  )
}

// setTimeout takes a signed 32-bit number; anything longer fires at once.
const LONGEST_TIMER = 2 ** 31 - 1

const MILLISECONDS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
}

function parseText(value: unknown): number {
  if (typeof value !== 'string') return Number.NaN
  const [, amount, unit = ''] = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(value) ?? []
  return Number(amount) * (MILLISECONDS[unit] ?? Number.NaN)
}

function describe(value: unknown): string {
  return typeof value === 'string' ? `'${value}'` : String(value)
}
