import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { hasUserFunction, isZod } from './zod-schema.ts'

describe('hasUserFunction', () => {
  interface Category {
    readonly children: readonly Category[]
  }
  const category: z.ZodType<Category> = z.object({
    get children() {
      return z.array(category)
    },
  })
  const lazy: z.ZodType = z.lazy(() => z.object({ next: lazy.optional() }))
  const Price = z.object({
    symbol: z.string().trim().min(1).max(9),
    price: z.number().positive(),
    at: z.iso.datetime(),
  })

  it.each<[string, z.ZodType]>([
    ['an object', Price],
    [
      'a union',
      z.discriminatedUnion('a', [z.object({ a: z.literal('x') }), z.object({ a: z.literal('y') })]),
    ],
    ['defaults and catches', z.object({ a: z.string().default(() => 'x'), b: z.number().catch(() => 0) })],
    ['messages', z.string({ error: () => 'text' }).email({ error: () => 'mail' })],
    ['a recursive schema', category],
    ['a lazy schema', lazy],
    [
      'formats, tuples, sets, maps and enums',
      z.tuple([z.uuid(), z.set(z.url()), z.map(z.string(), z.date()), z.enum(['a'])]),
    ],
    ['coercion', z.coerce.number()],
  ])('is false for %s, which is validated by the fastest path', (_, schema) => {
    expect(isZod(schema) && hasUserFunction(schema)).toBe(false)
  })

  it('is false for what is no schema of zod', () => {
    expect(isZod({ '~standard': {} })).toBe(false)
  })
})
