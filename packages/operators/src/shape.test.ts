import { expect, it } from 'vitest'
import { shapeOf } from './shape.ts'

it.each([
  [null, 'null'],
  [undefined, 'undefined'],
  [[1, 2], 'an array of 2'],
  ['two\nlines', 'the string "two\\nlines"'],
  ['x'.repeat(40), `the string "${'x'.repeat(40)}"`],
  ['x'.repeat(41), `the string "${'x'.repeat(40)}…"`],
  [1.5, 'the number 1.5'],
  [false, 'the boolean false'],
  [5n, 'the bigint 5'],
  [Symbol('secret'), 'symbol'],
  [() => 'secret', 'function'],
  [{}, 'an object with no keys'],
  [{ a: 1, b: 2, c: 3, d: 4, e: 5, f: 6 }, 'an object with a, b, c, d, e'],
])('%o shows as its type and a bounded look at it', (value, shape) => {
  expect(shapeOf(value)).toBe(shape)
})
