import type { SseEvent } from '@rxsse/shared'
import type { StandardSchemaV1 } from '@standard-schema/spec'
import { firstValueFrom, from, of, Subject, toArray } from 'rxjs'
import { describe, expect, expectTypeOf, it, vi } from 'vitest'
import { z } from 'zod'
import { conformance } from '../../test/conformance.ts'
import { event } from '../../test/events.ts'
import { countingGate } from '../../test/gate.ts'
import { turn } from '../../test/turn.ts'
import { createStage } from '../stage/create-stage.ts'
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

  it('runs at most `concurrency` validations at a time, starts the others in order, and loses none', async () => {
    let running = 0
    let most = 0
    const slow = createSchema<number>(async (value) => {
      running++
      most = Math.max(most, running)
      // The first ones take longest.
      for (let i = Number(value) % 7; i < 7; i++) await turn()
      running--
      return { value: Number(value) }
    })
    const seen = await firstValueFrom(
      from(Array.from({ length: 100 }, (_, i) => event(String(i)))).pipe(decode(slow), toArray()),
    )
    expect(seen.map((e) => e.data)).toEqual([...Array(100).keys()])
    expect(most).toBe(16)
    most = 0
    await firstValueFrom(
      of(event('1'), event('2'), event('3')).pipe(decode(slow, { concurrency: 1 }), toArray()),
    )
    expect(most).toBe(1)
  })

  it('holds a gate for each event that is or waits to be validated, and returns it when it is unsubscribed', async () => {
    const answers: (() => void)[] = []
    const slow = createSchema<number>(
      (value) => new Promise((resolve) => answers.push(() => resolve({ value: Number(value) }))),
    )
    const gate = countingGate(3)
    const source = new Subject<SseEvent>()
    const subscription = source.pipe(decode(slow, { gate, concurrency: 2 })).subscribe()
    for (const n of [1, 2, 3]) source.next(event(String(n)))
    expect([gate.held, gate.shut, answers.length]).toEqual([3, true, 2])
    answers[0]?.()
    await turn()
    expect([gate.held, answers.length]).toEqual([2, 3])
    subscription.unsubscribe()
    expect(gate.held).toBe(0)
    for (const answer of answers) answer()
    await turn()
    expect(gate.held).toBe(0)
  })

  it.each([
    [
      'throws at once',
      () => {
        throw new Error('odd')
      },
    ],
    [
      'rejects later',
      () =>
        turn().then(() => {
          throw new Error('odd')
        }),
    ],
    ['is a thenable that rejects', () => createThenable((_, reject) => reject(new Error('odd')))],
    [
      'is a thenable that throws',
      () =>
        createThenable(() => {
          throw new Error('odd')
        }),
    ],
    ['gives nothing', () => undefined],
    ['gives nothing later', () => Promise.resolve(null)],
  ])('takes a validation that %s as invalid, and goes on', async (_, odd) => {
    const schema = createSchema<number>((value) =>
      value === 2 ? (odd() as never) : Promise.resolve({ value: Number(value) }),
    )
    for (const stream of [
      ['1', '2', '3'],
      ['2', '3'],
      ['3', '2'],
    ]) {
      const invalid: InvalidEvent[] = []
      const seen = await firstValueFrom(
        from(stream.map((text) => event(text))).pipe(
          decode(schema, { onInvalid: (i) => invalid.push(i) }),
          toArray(),
        ),
      )
      expect(seen.map((e) => String(e.data))).toEqual(stream.filter((text) => text !== '2'))
      expect(invalid).toMatchObject([{ raw: '2', cause: expect.any(Error) }])
    }
  })

  it('takes a thenable that is no promise, and settles it once', async () => {
    const schema = createSchema<number>(
      (value) =>
        createThenable((resolve) => {
          resolve({ value })
          resolve({ value: 'again' })
        }) as never,
    )
    const seen = await firstValueFrom(of(event('1'), event('2')).pipe(decode(schema), toArray()))
    expect(seen.map((e) => e.data)).toEqual([1, 2])
  })

  it('leaves no rejection unhandled if a refinement of zod rejects, also after its end', async () => {
    const unhandled = vi.fn()
    process.on('unhandledRejection', unhandled)
    try {
      const refined = z.number().refine(async (n) => {
        await turn()
        if (n % 2 === 1) throw new Error('no database')
        return n < 4
      })
      const invalid: InvalidEvent[] = []
      const seen = await firstValueFrom(
        of(event('1'), event('2'), event('3'), event('4'), event('x')).pipe(
          decode(refined, { onInvalid: (i) => invalid.push(i) }),
          toArray(),
        ),
      )
      expect(seen.map((e) => e.data)).toEqual([2])
      expect(invalid.map(({ raw, issues }) => [raw, issues[0]?.message])).toEqual([
        ['1', 'no database'],
        ['3', 'no database'],
        ['4', 'Invalid input'],
        ['x', expect.stringContaining('x')],
      ])
      // Unsubscribed while a validation runs: nobody is left to take its rejection.
      of(event('1')).pipe(decode(refined)).subscribe().unsubscribe()
      const source = new Subject<SseEvent>()
      const subscription = source.pipe(decode(refined)).subscribe()
      source.next(event('1'))
      subscription.unsubscribe()
      for (let i = 0; i < 5; i++) await turn()
      expect(unhandled).not.toHaveBeenCalled()
    } finally {
      process.off('unhandledRejection', unhandled)
    }
  })

  it('describes the issues of an asynchronous zod schema as those of a synchronous one', async () => {
    const shape = { a: z.number(), b: z.string().max(2) }
    const issues = async (schema: StandardSchemaV1) => {
      const invalid: InvalidEvent[] = []
      const text = '{"a":"x","b":"long"}'
      await firstValueFrom(
        of(event(text), event(text)).pipe(decode(schema, { onInvalid: (i) => invalid.push(i) }), toArray()),
      )
      return invalid.map((i) => i.issues.map(({ message, path }) => ({ message, path })))
    }
    const expected = await issues(z.object(shape))
    expect(expected[0]).toHaveLength(2)
    expect(await issues(z.object({ ...shape, a: shape.a.refine(async () => true) }))).toEqual(expected)
  })

  it('emits nothing more if it is unsubscribed while a validation never settles', async () => {
    const never = createSchema<number>(() => new Promise(() => {}))
    const source = new Subject<SseEvent>()
    const stage = createStage('decode')
    const seen: unknown[] = []
    const subscription = source.pipe(decode(never, { stage })).subscribe((e) => seen.push(e))
    source.next(event('1'))
    source.next(event('2'))
    expect(stage.counts().buffered).toBe(2)
    subscription.unsubscribe()
    await turn()
    expect(seen).toEqual([])
    expect(stage.counts()).toMatchObject({ dropped: 2, buffered: 0 })
  })

  it('refuses a concurrency of 0 and a gate that is none', () => {
    expect(() => decode(Price, { concurrency: 0 })).toThrow('decode: concurrency')
    expect(() => decode(Price, { gate: {} as never })).toThrow('decode: gate must be a gate')
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

function createSchema<T>(
  validate: StandardSchemaV1<unknown, T>['~standard']['validate'],
): StandardSchemaV1<unknown, T> {
  return { '~standard': { version: 1, vendor: 'test', validate } }
}

/** An object with `then` that is no promise. */
function createThenable(then: (resolve: (value: unknown) => void, reject: (reason: Error) => void) => void) {
  return Object.fromEntries([['then', then]])
}
