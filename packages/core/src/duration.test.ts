import { expect, it } from 'vitest'
import { type Duration, milliseconds } from './duration.ts'

for (const [duration, expected] of [
  [0, 0],
  [1.5, 1.5],
  ['250ms', 250],
  ['1.5s', 1500],
  ['5m', 300_000],
  ['1h', 3_600_000],
  ['1d', 86_400_000],
  [2 ** 31 - 1, 2 ** 31 - 1],
] as const) {
  it(`${JSON.stringify(duration)} is ${expected} ms`, () => {
    expect(milliseconds(duration, 'it')).toBe(expected)
  })
}

for (const bad of [-1, Number.NaN, 2 ** 31, '1', 's', '1S', '-1s', '1e3s', ' 1s', '1s ', '30d', null, {}]) {
  it(`${JSON.stringify(bad)} is refused, by the name of the option`, () => {
    expect(() => milliseconds(bad as Duration, 'timeouts.idle')).toThrow(
      /^timeouts\.idle must be a duration such as 1500/,
    )
  })
}
