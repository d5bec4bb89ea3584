import { describe, expect, it } from 'vitest'
import { createInterpreter } from './interpret.ts'

/** What is told of a text, in words. */
function told(text: string, types?: ReadonlySet<string>): string[] {
  const said: string[] = []
  const interpret = createInterpreter(
    {
      onEvent: (type, data) => said.push(`${type}: ${data}`),
      onId: (id) => said.push(`id ${id}`),
      onRetry: (milliseconds) => said.push(`retry ${milliseconds}`),
      onComment: (comment) => said.push(`comment ${JSON.stringify(comment)}`),
    },
    types,
  )
  interpret(text)
  return said
}

describe('a field', () => {
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
  ])('whose name is not one of the four means nothing: %j', (name) => {
    expect(told(`${name}: 5\ndata: x\n\n`).filter((one) => !one.startsWith('comment'))).toEqual([
      'message: x',
    ])
  })

  it('has no value without a colon, and no more than its line with one', () => {
    expect(told('data\n data: y\n\n')).toEqual(['message: '])
    expect(told('event\ndata\ndata\n\n')).toEqual(['message: \n'])
    expect(told('id\n 7\nretry\n 7\ndata:\n x\n\n')).toEqual(['id ', 'message: '])
    expect(told('event:a\ndata:x\n\nevent\ndata:y\n\n')).toEqual(['a: x', 'message: y'])
  })
})

describe('a comment', () => {
  it('is told without its colon and one space, when its line ends', () => {
    expect(told(':\n: a\n:  b\n::c\n:d: e\ndata: x\n:f\n\n:unfinished')).toEqual([
      'comment ""',
      'comment "a"',
      'comment " b"',
      'comment ":c"',
      'comment "d: e"',
      'comment "f"',
      'message: x',
    ])
  })

  it('means nothing where nobody listens', () => {
    const events: string[] = []
    const interpret = createInterpreter(
      { onEvent: (_, data) => events.push(data), onId() {}, onRetry() {}, onComment: undefined },
      undefined,
    )
    interpret(': a\ndata: x\n\n')
    expect(events).toEqual(['x'])
  })
})
