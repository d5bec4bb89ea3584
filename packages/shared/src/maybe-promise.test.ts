import { expect, test } from 'vitest'
import { isPromise } from './index.ts'

test.each<[unknown, boolean]>([
  [Promise.resolve(), true],
  // biome-ignore lint/suspicious/noThenProperty: a thenable of another library counts as a promise.
  [{ then: () => {} }, true],
  [null, false],
  [undefined, false],
  ['then', false],
])('isPromise(%o) is %s', (value, expected) => {
  expect(isPromise(value)).toBe(expected)
})
