/** Milliseconds, or a number with its unit: `1500`, `'250ms'`, `'30s'`, `'5m'`, `'1h'`, `'1d'`. */
export type Duration = number | `${number}${'ms' | 's' | 'm' | 'h' | 'd'}`

/** The longest delay a timer holds. A longer one makes Node's and the browsers' timers fire at once. */
export const longestDelay: number = 2 ** 31 - 1

/** Milliseconds of `value`; `option` is the name that errors give. */
export function milliseconds(value: Duration, option: string): number {
  const duration = typeof value === 'number' ? value : parse(value)
  if (!(duration >= 0 && duration <= longestDelay)) {
    throw new TypeError(
      `${option} must be a duration such as 1500, '250ms', '30s', '5m', '1h' or '1d', at most ${longestDelay} ms, not ${JSON.stringify(value)}`,
    )
  }
  return duration
}

const units: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }

function parse(text: unknown): number {
  const [, number, unit = ''] = (typeof text === 'string' && /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text)) || []
  return Number(number) * (units[unit] ?? Number.NaN)
}
