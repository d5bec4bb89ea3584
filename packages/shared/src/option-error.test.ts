import { describe, expect, test } from 'vitest'
import {
  describeValue,
  optionError,
  requireFunction,
  requireInteger,
  requireNumber,
  unknownOptionError,
} from './index.ts'

describe('the error of a wrong option', () => {
  test('names the option, what is right and the value', () => {
    const error = optionError('dedupe: maxKeys', 'a number of at least 1', 0)
    expect(error).toBeInstanceOf(TypeError)
    expect(error.message).toBe('dedupe: maxKeys must be a number of at least 1, not the number 0')
  })

  test.each([
    [null, 'null'],
    [undefined, 'undefined'],
    [[1, 2], 'an array of 2'],
    ['a"b', 'the string "a\\"b"'],
    ['x'.repeat(41), `the string "${'x'.repeat(40)}…"`],
    [Number.NaN, 'the number NaN'],
    [3n, 'the bigint 3'],
    [true, 'the boolean true'],
    [{}, 'an object with no keys'],
    [{ a: 1, b: 2, c: 3, d: 4, e: 5, f: 6 }, 'an object with a, b, c, d, e'],
    [() => 1, 'function'],
    [Symbol('s'), 'symbol'],
  ])('shows %s as %s', (value, shown) => {
    expect(describeValue(value)).toBe(shown)
  })
})

describe('the error of a name that is no option', () => {
  test.each([
    ['retrys', 'retry'],
    ['ENDPOINT', 'endpoint'],
    ['accss', 'access'],
    ['accesses', 'access'],
    ['reconnects', 'reconnect'],
    ['retr', 'retry'],
    ['rtery', 'retry'],
  ])('%s: the nearest is %s', (name, nearest) => {
    const error = unknownOptionError(name, ['access', 'endpoint', 'reconnect', 'retry'])
    expect(error).toBeInstanceOf(TypeError)
    expect(error.message).toBe(`${name} is no option, the nearest is ${nearest}`)
  })

  test('names all options if none is like it', () => {
    const error = unknownOptionError('serve: hostname', ['serve: host', 'serve: port'])
    expect(error.message).toBe('serve: hostname is no option, there are serve: host, serve: port')
  })
})

describe('a number', () => {
  test.each([1, 1.5, Number.POSITIVE_INFINITY])('%d is at least 1', (value) => {
    expect(requireNumber(value, 'factor', 1)).toBe(value)
  })

  test.each([0, Number.NaN, '2', null, 2n])('%s is no number of at least 1', (value) => {
    expect(() => requireNumber(value, 'factor', 1)).toThrow(/^factor must be a number of at least 1, not /)
  })

  test('that must be whole is neither a fraction nor infinite', () => {
    expect(requireInteger(3, 'capacity', 1)).toBe(3)
    for (const value of [0, 1.5, Number.POSITIVE_INFINITY, Number.NaN, '3']) {
      expect(() => requireInteger(value, 'capacity', 1)).toThrow(
        /^capacity must be a whole number of at least 1, not /,
      )
    }
  })
})

test('a function is returned, and anything else refused', () => {
  const fn = (): number => 0
  expect(requireFunction(fn, 'key')).toBe(fn)
  expect(() => requireFunction(undefined, 'key')).toThrow('key must be a function, not undefined')
})
