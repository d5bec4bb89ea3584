import { expect, it } from 'vitest'
import { referenceEncode } from './encode.ts'

it('writes the fields in order, a line for each line of data, and a blank line', () => {
  expect(referenceEncode({ data: 'a\nb\rc\r\nd', type: 'e', id: '1', retry: 5 })).toBe(
    'retry: 5\nevent: e\nid: 1\ndata: a\ndata: b\ndata: c\ndata: d\n\n',
  )
})

it('writes no line for a missing field, and a line for an empty id', () => {
  expect(referenceEncode({ data: 'x' })).toBe('data: x\n\n')
  expect(referenceEncode({ data: '', id: '' })).toBe('id: \ndata: \n\n')
})

it('keeps a space at the start of data, and a line break at its end', () => {
  expect(referenceEncode({ data: ' x\n' })).toBe('data:  x\ndata: \n\n')
})

for (const bad of ['a\nb', 'a\rb', 'a\0b']) {
  it(`throws for ${JSON.stringify(bad)} as a type and as an id`, () => {
    const shown = JSON.stringify(bad)
    expect(() => referenceEncode({ data: '', type: bad })).toThrow(
      `type must be text without CR, LF and NUL, not the string ${shown}`,
    )
    expect(() => referenceEncode({ data: '', id: bad })).toThrow(
      `id must be text without CR, LF and NUL, not the string ${shown}`,
    )
  })
}

for (const bad of [1.5, -1, Number.NaN, Number.POSITIVE_INFINITY, 1e21]) {
  it(`throws for a retry of ${bad}`, () => {
    expect(() => referenceEncode({ data: '', retry: bad })).toThrow(
      `retry must be a whole number of milliseconds from 0, not the number ${bad}`,
    )
  })
}
