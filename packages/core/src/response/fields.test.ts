import { describe, expect, it } from 'vitest'
import { decode } from '../../test/decode.ts'

describe('a field', () => {
  const read = (text: string) => decode([Buffer.from(text)])
  const dataOf = (text: string) => read(text).events.map(({ type, data }) => `${type}: ${data}`)

  it.each([
    'database',
    'd',
    'dat',
    'Data',
    ' data',
    'eventful',
    'e',
    'evens',
    'ids',
    'i',
    'retryable',
    'r',
    'retr',
    ':',
  ])('with a name that is not one of the four is ignored: %j', (name) => {
    expect(read(`${name}: 5\ndata: x\n\n`)).toEqual({
      events: [{ type: 'message', data: 'x', lastEventId: '' }],
      retry: null,
      lastEventId: '',
    })
  })

  it('without a colon is empty, and a value ends with its line', () => {
    expect(dataOf('data\n data: y\n\n')).toEqual(['message: '])
    expect(dataOf('event\ndata\ndata\n\n')).toEqual(['message: \n'])
    expect(read('id: 1\n\nid\n 7\nretry\n 7\ndata:\n x\n\n')).toMatchObject({ retry: null, lastEventId: '' })
    expect(dataOf('event:a\ndata:x\n\nevent\ndata:y\n\n')).toEqual(['a: x', 'message: y'])
  })
})
