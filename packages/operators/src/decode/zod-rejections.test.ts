import { from } from 'rxjs'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { z } from 'zod'
import { event } from '../../test/events.ts'
import { turn } from '../../test/turn.ts'
import { decode } from './decode.ts'
import { decodeByType } from './decode-by-type.ts'

const broken = async () => {
  await turn()
  throw new Error('no database')
}

describe('zod schemas of which only some values are asynchronous', () => {
  const unhandled = vi.fn()
  beforeEach(() => void process.on('unhandledRejection', unhandled))
  afterEach(() => {
    process.off('unhandledRejection', unhandled)
    unhandled.mockClear()
  })

  const schemas: [name: string, schema: z.ZodType, synchronous: string, asynchronous: string][] = [
    ['a branch of a union', z.union([z.string(), z.number().refine(broken)]), '"a"', '1'],
    ['an optional property', z.object({ a: z.number().refine(broken).optional() }), '{}', '{"a":1}'],
    [
      'a transformation',
      z.object({ a: z.union([z.string(), z.number().transform(broken)]) }),
      '{"a":"x"}',
      '{"a":1}',
    ],
    [
      'a function that returns a promise now and then',
      z.number().refine((n) => n === 1 || broken()),
      '1',
      '2',
    ],
    ['an item of an array', z.array(z.number().superRefine(broken)), '[]', '[1]'],
    ['a value of a record', z.record(z.string(), z.number().refine(broken)), '{}', '{"a":1}'],
    ['a check of one’s own', z.array(z.number().check(broken as never)), '[]', '[1]'],
    [
      'a recursive schema',
      z.object({ a: z.lazy(() => z.number().refine(broken)).optional() }),
      '{}',
      '{"a":1}',
    ],
    ['a pipe', z.union([z.literal('a'), z.preprocess(broken, z.number())]), '"a"', '1'],
  ]

  it.each(schemas)('leaves no rejection unhandled: %s', async (_, schema, synchronous, asynchronous) => {
    const texts = [synchronous, asynchronous, synchronous, asynchronous]
    for (const operator of [
      (onInvalid: (invalid: { issues: readonly { message: string }[] }) => void) =>
        decode(schema, { onInvalid }),
      (onInvalid: (invalid: { issues: readonly { message: string }[] }) => void) =>
        decodeByType({ message: schema }, { onInvalid }),
    ]) {
      const seen: unknown[] = []
      from(texts.map((text) => event(text)))
        .pipe(operator(({ issues }) => seen.push(issues[0]?.message)))
        .subscribe((e) => seen.push(JSON.stringify(e.data)))
      // The first event is emitted at once.
      expect(seen).toEqual([synchronous])
      for (let i = 0; i < 10; i++) await turn()
      expect(seen).toEqual([synchronous, 'no database', synchronous, 'no database'])
    }
    expect(unhandled).not.toHaveBeenCalled()
  })
})
