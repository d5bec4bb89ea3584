import { expect, it } from 'vitest'
import { compare, expectationsOf, handedOn } from './printed.ts'

it('a comment behind a call is what it prints', () => {
  expect(expectationsOf("console.log('a // b') // x\nconsole.error(1)\n")).toEqual([{ line: 1, text: 'x' }])
})

it('so are the lines right below it, with closing brackets between, up to a blank line', () => {
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
  expect(expectationsOf(code)).toEqual([{ line: 2, text: '1 2' }])
})

it('a comment above the next statement is not', () => {
  expect(expectationsOf('console.log(1)\n\n// Now for two.\nconsole.log(2)\n')).toEqual([])
})

it('output is compared with blanks collapsed, and an ellipsis stands for anything', () => {
  expect(compare('{ a: 1, b: … }', ['{\n  a: 1,\n  b: [ 2 ]\n}'])).toBe('all')
  expect(compare('a b', ['a', 'b'])).toBe('all')
  expect(compare('a …', ['a', 'b', 'c'])).toBe('all')
  expect(compare('… b …', ['x', 'b', 'y'])).toBe('all')
  expect(compare('(a)', ['(a)'])).toBe('all')
})

it('output that may still become it is told from output that cannot', () => {
  expect(compare('a b', ['a'])).toBe('some')
  expect(compare('a b', [])).toBe('some')
  expect(compare('a … z', ['a', 'b'])).toBe('some')
  expect(compare('a b', ['b'])).toBe('different')
  expect(compare('a', ['a', 'b'])).toBe('different')
})

it('a console that is handed on has no line of its own', () => {
  expect(handedOn('console.log(1)\nsource.subscribe(console.log)\n')).toEqual([2])
})
