import { expect, it } from 'vitest'
import { compare, findConsoleReferences, parseExpectations } from './printed.ts'

it('a comment after a call is its expected output', () => {
  expect(parseExpectations("console.log('a // b') // x\nconsole.error(1)\n")).toEqual([
    { line: 1, text: 'x' },
  ])
})

it('so are the comment lines below it, after closing brackets, up to a blank line', () => {
  const code = `source.subscribe((n) => {
  console.log(
    n,
  )
})
// 1
//  2

// not this
console.warn(2)
const m = 1
// nor this
`
  expect(parseExpectations(code)).toEqual([{ line: 2, text: '1 2' }])
})

it('a comment above the next statement is not expected output', () => {
  expect(parseExpectations('console.log(1)\n\n// Now for two.\nconsole.log(2)\n')).toEqual([])
})

it('output is compared with collapsed whitespace, and an ellipsis matches anything', () => {
  expect(compare('{ a: 1, b: … }', ['{\n  a: 1,\n  b: [ 2 ]\n}'])).toBe('all')
  expect(compare('a b', ['a', 'b'])).toBe('all')
  expect(compare('a …', ['a', 'b', 'c'])).toBe('all')
  expect(compare('… b …', ['x', 'b', 'y'])).toBe('all')
  expect(compare('(a)', ['(a)'])).toBe('all')
})

it('output that matches so far differs from output that cannot match', () => {
  expect(compare('a b', ['a'])).toBe('some')
  expect(compare('a b', [])).toBe('some')
  expect(compare('a … z', ['a', 'b'])).toBe('some')
  expect(compare('a b', ['b'])).toBe('different')
  expect(compare('a', ['a', 'b'])).toBe('different')
})

it('a console function that is passed on has no line of its own', () => {
  expect(findConsoleReferences('console.log(1)\nsource.subscribe(console.log)\n')).toEqual([2])
})
