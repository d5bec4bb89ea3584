import { shapeOf } from './shape.ts'

/** Milliseconds, or an interval that the compiler checks and construction parses strictly: `1500`, `'250ms'`, `'30s'`, `'5m'`, `'1h'`, `'1d'`. */
export type Duration = number | `${number}${'ms' | 's' | 'm' | 'h' | 'd'}`

/** The duration in milliseconds. `option` names it in the error: `windowAggregate: idle`. Throws a `RangeError` for anything but a finite duration of zero or more. */
export function milliseconds(option: string, duration: Duration): number {
  const value = typeof duration === 'string' ? parse(duration) : duration
  if (typeof value === 'number' && Number.isFinite(value) && value >= 0) return value
  throw new RangeError(
    `${option} must be a duration such as 1500, '250ms', '30s' or '1h', not ${shapeOf(duration)}`,
  )
}

/** As `milliseconds`, for a duration that cannot be zero. */
export function positiveMilliseconds(option: string, duration: Duration): number {
  const value = milliseconds(option, duration)
  if (value > 0) return value
  throw new RangeError(`${option} must be longer than zero`)
}

const UNIT: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }

function parse(text: string): number {
  const [, whole = '', fraction = '', unit = ''] = /^(\d+)(?:\.(\d+))?(ms|s|m|h|d)$/.exec(text) ?? []
  // Divided last, as only whole numbers multiply exactly: 1.001 * 1000 is less than 1001.
  return (Number(whole + fraction) * (UNIT[unit] ?? Number.NaN)) / 10 ** fraction.length
}
