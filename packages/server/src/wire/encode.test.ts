import type { SseMessage } from '@rxsse/shared'
import { of } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { SinkError } from '../sink/errors.ts'
import { encodeComment, encodeMessage } from './encode.ts'
import { EncodedEvent } from './frame.ts'
import { toWireMessage } from './message.ts'

const encode = (message: SseMessage) => encodeMessage(toWireMessage(message))

describe('an event on the wire', () => {
  it.each([
    ['LF', 'a\nb'],
    ['CR', 'a\rb'],
    ['CRLF', 'a\r\nb'],
  ])('has one data line for each line of its data, split at %s', (_name, data) => {
    expect(encode({ data })).toBe('data: a\ndata: b\n\n')
  })

  it('has no line for a missing retry, type or id', () => {
    expect(encode({ data: 'x' })).toBe('data: x\n\n')
  })

  it('has no event line for the default type', () => {
    expect(encode({ type: 'message', data: 'x' })).toBe('data: x\n\n')
    expect(encode({ type: '', data: 'x' })).toBe('data: x\n\n')
  })

  it('has a line for each field', () => {
    expect(encode({ type: 'price', id: '7', retry: 1500, data: 'x' })).toBe(
      'event: price\nid: 7\nretry: 1500\ndata: x\n\n',
    )
  })

  it.each([
    ['type', 'a\nb', 'a line feed'],
    ['type', 'a\rb', 'a carriage return'],
    ['type', 'a\0b', 'NUL'],
    ['id', '1\n2', 'a line feed'],
    ['id', '1\r2', 'a carriage return'],
    ['id', '1\0', 'NUL'],
  ])('is refused if its %s is %j', (field, value, name) => {
    expect(() => encode({ data: 'x', [field]: value })).toThrow(
      new RegExp(`message\\.${field} has ${name} at index 1`),
    )
  })

  it('keeps a leading space of its data', () => {
    expect(encode({ data: ' x' })).toBe('data:  x\n\n')
  })

  it('has a data line even if its data is empty', () => {
    expect(encode({ data: '' })).toBe('data:\n\n')
  })

  it('keeps a line break at the end of its data', () => {
    expect(encode({ data: 'x\n' })).toBe('data: x\ndata:\n\n')
  })

  it('has an id line for an empty id, which resets the last event ID', () => {
    expect(encode({ id: '', data: 'x' })).toBe('id:\ndata: x\n\n')
  })

  it.each([1.5, -1, Number.NaN, 1e21, Number.POSITIVE_INFINITY, '5', null])(
    'is refused if its retry is %s',
    (retry) => {
      expect(() => encode({ data: 'x', retry: retry as number })).toThrow(
        /message\.retry is .*whole milliseconds/,
      )
    },
  )

  it('replaces a lone surrogate by U+FFFD', () => {
    const { bytes } = new EncodedEvent(encode({ data: 'a\ud800b' }))
    expect(Buffer.from(bytes).toString('hex')).toContain('61efbfbd62')
  })

  it('has JSON as its data if the data is not a string', () => {
    expect(encode({ data: { a: [1, 'two\n'] } })).toBe('data: {"a":[1,"two\\n"]}\n\n')
    expect(encode({ data: null })).toBe('data: null\n\n')
  })

  it.each([
    ['undefined', undefined, /data is undefined, which JSON cannot represent/],
    ['a function', () => {}, /data is function/],
    ['a bigint', 1n, /cannot be written as JSON/],
    ['a Map', new Map([[1, 2]]), /data is of type Map, of which JSON keeps nothing; send what is in it/],
    ['an error', new Error('lost'), /data is of type Error/],
    ['an Observable', of(1), /data is of type Observable/],
    ['a generator', (function* () {})(), /data is of type Generator/],
  ])('is refused if its data is %s', (_name, data, text) => {
    expect(() => encode({ data })).toThrow(text)
  })

  it.each([{}, Object.create(null), new (class Empty {})(), { toJSON: () => ({}) }])(
    'may be an empty object',
    (data) => {
      expect(encode({ data })).toBe('data: {}\n\n')
    },
  )

  it('is refused if its data is a promise, whose rejection is not told again', async () => {
    const data = Promise.reject(new Error('not told'))
    expect(() => encode({ data })).toThrow(/data is a promise; await it first/)
    await new Promise(setImmediate)
  })

  it.each([null, undefined, 'text', 5])('is refused if the message is %s', (message) => {
    expect(() => encode(message as unknown as SseMessage)).toThrow(SinkError)
  })
})

describe('a comment on the wire', () => {
  it('starts every line with a colon', () => {
    expect(encodeComment('a\nb\r\nc\rdata: d')).toBe(': a\n: b\n: c\n: data: d\n')
  })

  it('is a colon if the text is empty', () => {
    expect(encodeComment('')).toBe(':\n')
  })

  it('is refused if it contains NUL', () => {
    expect(() => encodeComment('a\0')).toThrow(/NUL/)
  })
})
