import { describe, expect, it } from 'vitest'
import { type Duration, milliseconds, positiveMilliseconds } from './duration.ts'

describe('a duration', () => {
  it.each<[Duration, number]>([
    [0, 0],
    [1500.5, 1500.5],
    ['250ms', 250],
    ['30s', 30_000],
    ['1.5m', 90_000],
    ['1.001s', 1001],
    ['0.07h', 252_000],
    ['1.005d', 86_832_000],
    ['0.25ms', 0.25],
    ['1h', 3_600_000],
    ['1d', 86_400_000],
  ])('%j is %d ms', (duration, ms) => {
    expect(milliseconds('x', duration)).toBe(ms)
  })

  it.each([
    -1,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    '-5s',
    '1e3s',
    ' 5s',
    '5 s',
    '5S',
    '',
    's',
    '0x10s',
    '1.s',
    null,
    undefined,
    {},
  ])('%j is none, and the error names the option and what would be right', (value) => {
    expect(() => milliseconds('rateLimit: interval', value as Duration)).toThrow(
      /^rateLimit: interval must be a duration such as 1500, '250ms', '30s' or '1h', not /,
    )
  })

  it('may not be zero where that makes no sense', () => {
    expect(() => positiveMilliseconds('x', '0s')).toThrow('x must be longer than zero')
  })

  it('is checked by the compiler', () => {
    // @ts-expect-error there are no weeks
    const weeks: Duration = '1w'
    // @ts-expect-error there has to be a number
    const none: Duration = 'ms'
    expect([weeks, none]).toHaveLength(2)
  })
})
