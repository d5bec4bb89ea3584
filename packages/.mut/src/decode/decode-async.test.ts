import type { SseEvent } from '@rxsse/shared'
import type { StandardSchemaV1 } from '@standard-schema/spec'
import { firstValueFrom, from, of, Subject, toArray } from 'rxjs'
import { describe, expect, it, vi } from 'vitest'
import { z } from 'zod'
import { event } from '../../test/events.ts'
import { countingGate } from '../../test/gate.ts'
import { createSchema } from '../../test/schema.ts'
import { turn } from '../../test/turn.ts'
import { createStage } from '../stage/create-stage.ts'
import { decode } from './decode.ts'
import type { InvalidEvent } from './invalid-event.ts'

describe('decode with an asynchronous schema', () => {
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
    expect(() => decode(z.number(), { concurrency: 0 })).toThrow('decode: concurrency')
    expect(() => decode(z.number(), { gate: {} as never })).toThrow('decode: gate must be a gate')
  })
})

/** An object with `then` that is no promise. */
function createThenable(then: (resolve: (value: unknown) => void, reject: (reason: Error) => void) => void) {
  return Object.fromEntries([['then', then]])
}
