import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  type Duration,
  LONGEST_TIMER,
  parseDuration,
  parsePositiveDuration,
  parsePositiveTimeout,
  parseTimeout,
} from './index.ts'

describe('a duration', () => {
  test.each<[Duration, number]>([
    [0, 0],
    [1500, 1500],
    ['250ms', 250],
    ['30s', 30_000],
    ['1.5s', 1500],
    ['1.001s', 1001],
    ['5m', 300_000],
    ['1h', 3_600_000],
    ['1d', 86_400_000],
    ['30d', 2_592_000_000],
  ])('%j is %d ms', (value, milliseconds) => {
    expect(parseDuration(value, 'idle')).toBe(milliseconds)
  })

  test.each([
    -1,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    '',
    '30',
    '30 s',
    ' 30s',
    '-1s',
    '1e3s',
    '.5s',
    '5.s',
    '5S',
    null,
    undefined,
    {},
    1n,
  ])('%s is refused with the name of the option', (value) => {
    const parse = () => parseDuration(value as Duration, 'timeouts.idle')
    expect(parse).toThrow(TypeError)
    expect(parse).toThrow(/^timeouts\.idle must be a duration such as 1500, '250ms'/)
  })

  test('of digits that overflow a number is refused', () => {
    expect(() => parseDuration(`${'9'.repeat(400)}s` as Duration, 'idle')).toThrow(TypeError)
  })

  test('that must be positive is not zero', () => {
    expect(parsePositiveDuration('1ms', 'every')).toBe(1)
    expect(() => parsePositiveDuration('0s', 'every')).toThrow(
      'every must be a duration longer than zero, not the string "0s"',
    )
  })

  test('of a timer is at most what setTimeout takes', () => {
    expect(parseTimeout(LONGEST_TIMER, 'retry')).toBe(LONGEST_TIMER)
    expect(() => parseTimeout(LONGEST_TIMER + 1, 'retry')).toThrow(
      'at most 2147483647 ms, not the number 2147483648',
    )
    expect(() => parseTimeout('25d', 'retry')).toThrow(TypeError)
    expect(parsePositiveTimeout('24d', 'retry')).toBe(2_073_600_000)
    expect(() => parsePositiveTimeout('25d', 'retry')).toThrow('at most 2147483647 ms')
    expect(() => parsePositiveTimeout(0, 'retry')).toThrow('a duration longer than zero')
  })

  test('of a decimal number of seconds is exact to the millisecond', () => {
    fc.assert(
      fc.property(fc.nat(10_000_000), (milliseconds) => {
        const seconds =
          `${Math.floor(milliseconds / 1000)}.${String(milliseconds % 1000).padStart(3, '0')}s` as Duration
        expect(parseDuration(seconds, 'idle')).toBe(milliseconds)
      }),
    )
  })
})
