import type { SseEvent } from '@rxsse/shared'
import fc from 'fast-check'
import { firstValueFrom, map, of, Subject } from 'rxjs'
import { describe, expect, expectTypeOf, it } from 'vitest'
import { z } from 'zod'
import { conformance } from '../../test/conformance.ts'
import { event } from '../../test/events.ts'
import { completeOn } from './complete-on.ts'
import { data } from './data.ts'
import { decode } from './decode.ts'
import { decodeBytes } from './decode-bytes.ts'
import { decodeJson } from './decode-json.ts'
import { decodeText } from './decode-text.ts'
import type { InvalidEvent } from './invalid-event.ts'
import { toMessage } from './to-message.ts'

const bytesOf = (encoding: 'base64' | 'hex', text: string) =>
  firstValueFrom(of(event(text)).pipe(decodeBytes(encoding))).then((e) => [...e.data])

describe('integers that a number cannot hold', () => {
  it('become bigints with `bigint`, and other numbers stay as they are', () => {
    const text =
      '{"id":9007199254740993,"n":[-9007199254740993,1,1.5,1e300,9007199254740991],"s":"9007199254740993"}'
    const expected = {
      id: 9007199254740993n,
      n: [-9007199254740993n, 1, 1.5, 1e300, 9007199254740991],
      s: '9007199254740993',
    }
    const seen: unknown[] = []
    of(event(text))
      .pipe(decodeJson({ bigint: true }))
      .subscribe((e) => seen.push(e.data))
    of(event(text))
      .pipe(decode(z.unknown(), { bigint: true }))
      .subscribe((e) => seen.push(e.data))
    expect(seen).toEqual([expected, expected])
  })
})

describe('decodeJson', () => {
  it('parses, and does not check the type', async () => {
    const decoded = await firstValueFrom(of(event('{"a":1}', 'x', '4')).pipe(decodeJson<{ a: number }>()))
    expect(decoded).toEqual({ type: 'x', data: { a: 1 }, lastEventId: '4' })
    expectTypeOf(decoded.data).toEqualTypeOf<{ a: number }>()
  })

  it('passes data that is not JSON to onInvalid', () => {
    const invalid: InvalidEvent[] = []
    of(event('nope', 'x', '5'))
      .pipe(decodeJson({ onInvalid: (i) => invalid.push(i) }))
      .subscribe()
    expect(invalid).toMatchObject([{ id: '5', raw: 'nope', cause: expect.any(SyntaxError) }])
  })
})

describe('decodeText', () => {
  it('keeps text and rejects anything else', () => {
    const invalid: unknown[] = []
    const seen: string[] = []
    of(event<unknown>(' a\nb '), event<unknown>({ not: 'text' }), event<unknown>(''))
      .pipe(decodeText({ onInvalid: (i) => invalid.push(i.raw) }), data())
      .subscribe((text) => seen.push(text))
    expect(seen).toEqual([' a\nb ', ''])
    expect(invalid).toEqual(['[object Object]'])
  })
})

describe('decodeBytes', () => {
  it.each(['base64', 'hex'] as const)('decodes nothing but text, with %s', (encoding) => {
    const invalid: unknown[] = []
    const seen: unknown[] = []
    of<unknown[]>(5, {}, [], null, new Uint8Array(2), '')
      .pipe(
        map((value) => event(value as string)),
        decodeBytes(encoding, { onInvalid: ({ issues }) => invalid.push(issues[0]?.message) }),
      )
      .subscribe((e) => seen.push(e.data))
    expect(invalid).toEqual([
      'expected text, got the number 5',
      'expected text, got an object with no keys',
      'expected text, got an array of 0',
      'expected text, got null',
      'expected text, got an object with 0, 1',
    ])
    expect(seen).toEqual([new Uint8Array(0)])
  })

  it('decodes what was encoded, in both encodings', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 40, size: 'max' }), async (bytes) => {
        const base64 = btoa(String.fromCharCode(...bytes))
        const base64url = base64.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
        const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
        expect(await bytesOf('base64', base64)).toEqual([...bytes])
        expect(await bytesOf('base64', base64url)).toEqual([...bytes])
        expect(await bytesOf('hex', hex)).toEqual([...bytes])
        expect(await bytesOf('hex', hex.toUpperCase())).toEqual([...bytes])
      }),
    )
  })

  it('skips the line breaks of data in several lines', async () => {
    expect(await bytesOf('base64', 'aGVs\nbG8=\n')).toEqual([...new TextEncoder().encode('hello')])
    expect(await bytesOf('hex', '00\nff')).toEqual([0, 255])
  })

  it.each([
    ['base64', 'aGVsbG8*', 'not base64: the string "*" at 7'],
    ['base64', 'aGVsb', 'not base64: 5 digits do not make whole bytes'],
    ['base64', 'aGVsbG9=', 'not base64: 7 digits do not make whole bytes'],
    ['base64', 'aa===', 'not base64: more than two = at the end'],
    ['base64', 'a=b=', 'not base64: the string "=" at 1'],
    ['base64', 'QQ=', 'not base64: 2 digits and 1 = are not a multiple of 4'],
    ['base64', 'QUJD=', 'not base64: 4 digits and 1 = are not a multiple of 4'],
    ['base64', '=', 'not base64: 0 digits and 1 = are not a multiple of 4'],
    ['hex', 'abc', 'not hex: 3 digits do not make whole bytes'],
    ['hex', '0g', 'not hex: the string "g" at 1'],
    ['hex', 'é0', 'not hex: the string "é" at 0'],
  ] as const)('rejects %s %j', async (encoding, text, message) => {
    const error = await bytesOf(encoding, text).catch((e) => e)
    expect(error.message).toContain(message)
  })

  it('is not slower with a text of only padding', async () => {
    const padding = '='.repeat(2_000_000)
    const error = await bytesOf('base64', `${padding}x`).catch((e) => e)
    expect(error.message).toContain('not base64: the string "=" at 0')
  })

  it('refuses an unknown encoding', () => {
    // @ts-expect-error there are two
    expect(() => decodeBytes('utf8')).toThrow(
      "decodeBytes: encoding must be 'base64' or 'hex', not the string \"utf8\"",
    )
  })
})

describe('completeOn', () => {
  it('completes at the marker and unsubscribes', () => {
    const source = new Subject<SseEvent>()
    const seen: unknown[] = []
    source
      .pipe(completeOn('[DONE]'))
      .subscribe({ next: (e) => seen.push(e.data), complete: () => seen.push('complete') })
    source.next(event('a'))
    source.next(event('[DONE] '))
    source.next(event('[DONE]'))
    expect(seen).toEqual(['a', '[DONE] ', 'complete'])
    expect(source.observed).toBe(false)
  })

  it('refuses a marker that is no string and no function', () => {
    // @ts-expect-error data is text
    expect(() => completeOn(5)).toThrow('completeOn: marker must be a string or a function, not the number 5')
  })

  it('accepts a function as the marker', () => {
    const seen: unknown[] = []
    of(event('a'), event('b', 'end'), event('c'))
      .pipe(completeOn((e) => e.type === 'end'))
      .subscribe((e) => seen.push(e.data))
    expect(seen).toEqual(['a'])
  })
})

describe('toMessage', () => {
  it('turns a value into a message without fields that were not requested', async () => {
    expect(await firstValueFrom(of(1).pipe(toMessage()))).toStrictEqual({ data: 1 })
    const full = toMessage({ type: 'n', id: (v: { n: number }) => `${v.n}`, data: (v) => v.n })
    expect(await firstValueFrom(of({ n: 2 }).pipe(full))).toStrictEqual({ type: 'n', data: 2, id: '2' })
    const none = toMessage<number>({ type: () => undefined, id: () => undefined })
    expect(await firstValueFrom(of(3).pipe(none))).toStrictEqual({ data: 3 })
    expect(await firstValueFrom(of(4).pipe(toMessage({ id: () => '' })))).toStrictEqual({ data: 4, id: '' })
  })
})

const input = (i: number) => event(String(i % 10))
conformance('decodeJson', { operator: (options) => decodeJson(options), input })
conformance('decodeText', { operator: (options) => decodeText(options), input })
conformance('decodeBytes', {
  operator: (options) => decodeBytes('base64', options),
  input: (i) => event(btoa(String(i))),
})
conformance('data', { operator: (options) => data(options), input })
conformance('completeOn', {
  operator: (options) => completeOn('never', options),
  input,
  failing: (fail, options) => completeOn(fail, options),
  unroutable: true,
})
conformance('toMessage', {
  operator: (options) => toMessage({ id: (e: SseEvent) => e.data, ...options }),
  input,
  failing: (fail, options) => toMessage({ type: fail, ...options }),
  unroutable: true,
})
