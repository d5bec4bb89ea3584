import fc from 'fast-check'
import { expect, it } from 'vitest'
import { identifyKey, type Key, type Primitive } from './key.ts'

const primitive: fc.Arbitrary<Primitive> = fc.oneof(
  fc.string(),
  fc.constantFrom('\0', '\x001', '1', 'n1:1', 's', ''),
  fc.integer({ min: -3, max: 3 }),
  fc.bigInt({ min: -3n, max: 3n }),
  fc.boolean(),
  fc.constantFrom(null, undefined, Number.NaN, -0, 0),
)
const key: fc.Arbitrary<Key> = fc.oneof(
  primitive,
  fc.array(primitive, { maxLength: 3 }),
  // Strings that look as encoded tuples do.
  fc.array(primitive, { maxLength: 2 }).map((parts) => String(identifyKey(parts))),
)

it('is the same for two keys exactly if they are equal by value', () => {
  fc.assert(
    fc.property(key, key, (a, b) => {
      const same = new Set([identifyKey(a), identifyKey(b)]).size === 1
      expect(same).toBe(equal(a, b))
    }),
    { numRuns: 5000 },
  )
})

it('refuses objects and tuples of objects', () => {
  expect(() => identifyKey({} as unknown as Key)).toThrow(
    'a key must be a primitive or an array of primitives, not an object with no keys',
  )
  expect(() => identifyKey([[1]] as unknown as Key)).toThrow(TypeError)
  expect(() => identifyKey(Symbol('x') as unknown as Key)).toThrow(TypeError)
  expect(() => identifyKey((() => 1) as unknown as Key)).toThrow(TypeError)
})

function equal(a: Key, b: Key): boolean {
  if (Array.isArray(a) && Array.isArray(b))
    return a.length === b.length && a.every((part, i) => equal(part, b[i]))
  return a === b || (Number.isNaN(a) && Number.isNaN(b))
}
