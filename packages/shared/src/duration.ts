import { optionError } from './option-error.ts'

/** Milliseconds, or a number with its unit: `1500`, `'250ms'`, `'30s'`, `'5m'`, `'1h'`, `'1d'`. */
export type Duration = number | `${number}${'ms' | 's' | 'm' | 'h' | 'd'}`

/** The longest delay of a timer in milliseconds, about 24.8 days. `setTimeout` fires at once if the delay is longer. */
export const LONGEST_TIMER: number = 2 ** 31 - 1

/** A {@link Duration} in milliseconds: finite, 0 or more. Throws a `TypeError` that names `option` for anything else. */
export function parseDuration(value: Duration, option: string): number {
  const milliseconds = toMilliseconds(value)
  if (milliseconds >= 0 && milliseconds < Number.POSITIVE_INFINITY) return milliseconds
  throw optionError(option, `a duration ${EXAMPLES}`, value)
}

/** As {@link parseDuration}, but longer than zero. */
export function parsePositiveDuration(value: Duration, option: string): number {
  const milliseconds = parseDuration(value, option)
  if (milliseconds > 0) return milliseconds
  throw optionError(option, 'a duration longer than zero', value)
}

/** As {@link parseDuration}, for the delay of a timer: at most {@link LONGEST_TIMER}. */
export function parseTimeout(value: Duration, option: string): number {
  const milliseconds = toMilliseconds(value)
  if (milliseconds >= 0 && milliseconds <= LONGEST_TIMER) return milliseconds
  throw optionError(option, `a duration ${EXAMPLES}, at most ${LONGEST_TIMER} ms`, value)
}

/** As {@link parseTimeout}, but longer than zero. */
export function parsePositiveTimeout(value: Duration, option: string): number {
  parsePositiveDuration(value, option)
  return parseTimeout(value, option)
}

const EXAMPLES = "such as 1500, '250ms', '30s', '5m', '1h' or '1d'"

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }

function toMilliseconds(value: unknown): number {
  if (typeof value === 'number') return value
  if (typeof value !== 'string') return Number.NaN
  const [, whole = '', fraction = '', unit = ''] = /^(\d+)(?:\.(\d+))?(ms|s|m|h|d)$/.exec(value) ?? []
  // Divide last, because only whole numbers multiply exactly: 1.001 * 1000 is less than 1001.
  return (Number(whole + fraction) * (UNITS[unit] ?? Number.NaN)) / 10 ** fraction.length
}
