import type { SseEvent } from '@rxsse/shared'
import { firstValueFrom, of, Subject, toArray } from 'rxjs'
import { describe, expect, expectTypeOf, it } from 'vitest'
import { z } from 'zod'
import { conformance } from '../../test/conformance.ts'
import { event } from '../../test/events.ts'
import { createSchema } from '../../test/schema.ts'
import { turn } from '../../test/turn.ts'
import { decode } from './decode.ts'
import { DecodeError, type InvalidEvent } from './invalid-event.ts'

const Price = z.object({ symbol: z.string(), price: z.coerce.number() })

describe('decode', () => {
  it('emits the schema output as data, and keeps type and lastEventId', async () => {
    const decoded = await firstValueFrom(
      of(event('{"symbol":"a","price":"1.5"}', 'price', '7')).pipe(decode(Price)),
    )
    expect(decoded).toEqual({ type: 'price', data: { symbol: 'a', price: 1.5 }, lastEventId: '7' })
    expectTypeOf(decoded).toEqualTypeOf<SseEvent<{ symbol: string; price: number }, 'price'>>()
  })

  it('accepts a MessageEvent', async () => {
    const message = new MessageEvent('price', { data: '{"symbol":"a","price":2}', lastEventId: '8' })
    const decoded = await firstValueFrom(of(message as SseEvent).pipe(decode(Price)))
    expect(decoded).toEqual({ type: 'price', data: { symbol: 'a', price: 2 }, lastEventId: '8' })
  })

  it('passes data that does not fit or parse to onInvalid, with ID, raw text and issues, and goes on', () => {
    const invalid: InvalidEvent[] = []
    const decoded: unknown[] = []
    of(
      event('{"symbol":1,"price":1}', 'price', '1'),
      event('{', 'price', '2'),
      event('{"symbol":"a","price":1}'),
    )
      .pipe(decode(Price, { onInvalid: (i) => invalid.push(i) }))
      .subscribe((e) => decoded.push(e.data))
    expect(decoded).toEqual([{ symbol: 'a', price: 1 }])
    expect(invalid).toMatchObject([
      { id: '1', type: 'price', raw: '{"symbol":1,"price":1}', issues: [{ path: ['symbol'] }] },
      { id: '2', type: 'price', raw: '{', issues: [{}], cause: expect.any(SyntaxError) },
    ])
  })

  it('accepts a Subject as onInvalid, and does not complete it', () => {
    const invalid = new Subject<InvalidEvent>()
    const seen: string[] = []
    invalid.subscribe({ next: (i) => seen.push(i.raw), complete: () => seen.push('completed') })
    of(event('x'))
      .pipe(decode(Price, { onInvalid: invalid }))
      .subscribe()
    expect(seen).toEqual(['x'])
  })

  it('errors without onInvalid, and says which event is wrong and how', async () => {
    const error = await firstValueFrom(
      of(event('{"symbol":1,"price":1}', 'price', '9')).pipe(decode(Price)),
    ).catch((e) => e)
    expect(error).toBeInstanceOf(DecodeError)
    expect(error.message).toMatch(
      /^Event 9 of type price is invalid\. symbol: .*\(data: \{"symbol":1,"price":1\}\)$/,
    )
    expect(error.invalid.id).toBe('9')
  })

  it('keeps a long text out of the message, and the parser error as its cause', async () => {
    const error = await firstValueFrom(of(event('x'.repeat(5000))).pipe(decode(Price))).catch((e) => e)
    expect(error.message.length).toBeLessThan(300)
    expect(error.cause).toBeInstanceOf(SyntaxError)
  })

  it('keeps a long message of a schema or a parser out of the message, and whole in the issues', async () => {
    const message = 'no price '.repeat(500)
    const wordy = createSchema<number>(() => ({ issues: [{ message }] }))
    const error = await firstValueFrom(of(event('1')).pipe(decode(wordy))).catch((e) => e)
    expect(error.message.length).toBeLessThan(300)
    expect(error.message).toContain('no price no price')
    expect(error.invalid.issues).toEqual([{ message }])
  })

  it('describes an exception of the parser that is no Error', () => {
    const messages: string[] = []
    const parse = () => {
      throw 'half a number'
    }
    of(event('1', 'price', '9'))
      .pipe(decode(Price, { parse }))
      .subscribe({ error: (error) => messages.push(error.message) })
    expect(messages).toEqual(['Event 9 of type price is invalid. half a number (data: 1)'])
  })

  it('names the path of an issue also if the schema returns segments', () => {
    const messages: string[] = []
    const schema = createSchema<number>(() => ({
      issues: [{ message: 'too dear', path: [{ key: 'items' }, 0, { key: 'price' }] }],
    }))
    of(event('1'))
      .pipe(decode(schema))
      .subscribe({ error: (error) => messages.push(error.message) })
    expect(messages).toEqual(['An event of type message is invalid. items: 0: price: too dear (data: 1)'])
  })

  it('uses the given parser', async () => {
    const pairs = decode(z.array(z.string()), { parse: (text) => text.split(',') })
    expect((await firstValueFrom(of(event('a,b')).pipe(pairs))).data).toEqual(['a', 'b'])
  })

  it('decodes synchronously with a synchronous schema', () => {
    const seen: unknown[] = []
    of(event('1'))
      .pipe(decode(z.number()))
      .subscribe((e) => seen.push(e.data))
    expect(seen).toEqual([1])
  })

  it('keeps the order with an asynchronous schema, and completes after the last validation', async () => {
    const answers: (() => void)[] = []
    const slow = createSchema<number>((value) => {
      if (typeof value === 'number' && value % 2 === 0) return { value }
      return new Promise((resolve) => answers.push(() => resolve({ value: Number(value) })))
    })
    const source = new Subject<SseEvent>()
    const seen: unknown[] = []
    source
      .pipe(decode(slow))
      .subscribe({ next: (e) => seen.push(e.data), complete: () => seen.push('complete') })
    for (const n of [0, 1, 2, 3]) source.next(event(String(n)))
    source.complete()
    expect(seen).toEqual([0])
    answers[1]?.()
    await Promise.resolve()
    expect(seen).toEqual([0])
    answers[0]?.()
    await turn()
    expect(seen).toEqual([0, 1, 2, 3, 'complete'])
  })

  it('reports a schema that rejects, or throws, in order', async () => {
    const boom = new Error('no database')
    const broken = createSchema<number>((value) => {
      if (value === 1) return Promise.reject(boom)
      if (value === 2) throw boom
      return Promise.resolve({ value: Number(value) })
    })
    const invalid: InvalidEvent[] = []
    const seen = await firstValueFrom(
      of(event('0'), event('1'), event('2'), event('3')).pipe(
        decode(broken, { onInvalid: (i) => invalid.push(i) }),
        toArray(),
      ),
    )
    expect(seen.map((e) => e.data)).toEqual([0, 3])
    expect(invalid.map((i) => [i.raw, i.cause])).toEqual([
      ['1', boom],
      ['2', boom],
    ])
  })

  it('refuses anything but a Standard Schema', () => {
    // @ts-expect-error a class is no schema
    expect(() => decode(Date)).toThrow(
      "decode: schema must be a Standard Schema, such as zod's z.object({...})",
    )
    // @ts-expect-error a number takes no output
    expect(() => decode(Price, { onInvalid: 5 })).toThrow(
      'decode: onInvalid must be a function or an observer with next(), not the number 5',
    )
  })
})

const numbers = { input: (i: number) => event(String(i)) }

conformance('decode', {
  operator: (options) => decode(z.number(), options),
  ...numbers,
  failing: (fail, { onError, ...options }) =>
    decode(z.number(), {
      ...options,
      parse: fail,
      onInvalid: (i) => (onError === undefined ? fail() : onError(i.cause, event(i.raw))),
    }),
})

conformance('decode with an asynchronous schema', {
  operator: (options) =>
    decode(
      createSchema((value) => Promise.resolve({ value })),
      options,
    ),
  ...numbers,
  settle: turn,
})
