import { expect, it } from 'vitest'
import { referenceEncode } from './encode.ts'

it('writes the fields in order, then a line for each line of data, then a blank one', () => {
  expect(referenceEncode({ data: 'a\nb\rc\r\nd', type: 'e', id: '1', retry: 5 })).toBe(
    'retry: 5\nevent: e\nid: 1\ndata: a\ndata: b\ndata: c\ndata: d\n\n',
  )
})

it('writes no line for a field that is not there, and one for an id that is empty', () => {
  expect(referenceEncode({ data: 'x' })).toBe('data: x\n\n')
  expect(referenceEncode({ data: '', id: '' })).toBe('id: \ndata: \n\n')
})

it('keeps a space at the start of data, and a line break at its end', () => {
  expect(referenceEncode({ data: ' x\n' })).toBe('data:  x\ndata: \n\n')
})

for (const bad of ['a\nb', 'a\rb', 'a\0b']) {
  it(`refuses ${JSON.stringify(bad)} as a type and as an id`, () => {
    const shown = JSON.stringify(bad)
    expect(() => referenceEncode({ data: '', type: bad })).toThrow(
      `type takes no CR, LF or NUL, got ${shown}`,
    )
    expect(() => referenceEncode({ data: '', id: bad })).toThrow(`id takes no CR, LF or NUL, got ${shown}`)
  })
}

for (const bad of [1.5, -1, Number.NaN, Number.POSITIVE_INFINITY, 1e21]) {
  it(`refuses a retry of ${bad}`, () => {
    expect(() => referenceEncode({ data: '', retry: bad })).toThrow(
      `retry takes a whole number of milliseconds from 0, got ${bad}`,
    )
  })
}
