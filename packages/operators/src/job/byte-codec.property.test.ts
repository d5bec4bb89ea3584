import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ByteReader } from './byte-reader.ts'
import { ByteWriter } from './byte-writer.ts'

function copy(...values: unknown[]): unknown[] {
  const writer = new ByteWriter()
  for (const value of values) writer.value(value)
  const reader = new ByteReader(writer.finish())
  const read = values.map(() => reader.value())
  expect(reader.left).toBe(0)
  return read
}

const data = fc.anything({
  withBigInt: true,
  withDate: true,
  withMap: true,
  withSet: true,
  withTypedArray: true,
  withSparseArray: false,
  withUnicodeString: true,
  withNullPrototype: false,
})

describe('the bytes of a state', () => {
  it('give back the values that were written', () => {
    fc.assert(
      fc.property(fc.array(data, { maxLength: 5 }), (values) => {
        expect(copy(...values)).toEqual(values)
      }),
      { numRuns: 500 },
    )
  })

  it('give back every number, bit by bit, in at most nine bytes', () => {
    const numbers = fc.oneof(fc.double(), fc.maxSafeInteger(), fc.integer(), fc.nat(300))
    fc.assert(
      fc.property(fc.array(numbers), (values) => {
        const writer = new ByteWriter()
        for (const value of values) writer.number(value)
        expect(writer.length).toBeLessThanOrEqual(9 * values.length)
        const reader = new ByteReader(writer.finish())
        for (const value of values) expect(reader.number()).toBe(value)
      }),
    )
  })

  it('cross the border of a chunk at any place', () => {
    fc.assert(
      fc.property(fc.integer({ min: 900, max: 1100 }), data, (length, value) => {
        expect(copy('x'.repeat(length), value, 'é'.repeat(40_000), value)).toEqual([
          'x'.repeat(length),
          value,
          'é'.repeat(40_000),
          value,
        ])
      }),
    )
  })

  it('keep lone surrogates, and a property named __proto__', () => {
    expect(copy('\ud800', 'a\udfff')).toEqual(['\ud800', 'a\udfff'])
    const value: unknown = JSON.parse('{"__proto__": {"a": 1}}')
    const [read] = copy(value)
    expect(JSON.stringify(read)).toBe('{"__proto__":{"a":1}}')
    expect(Object.getPrototypeOf(read)).toBe(Object.prototype)
  })

  it('give strings that take no more memory than their characters', () => {
    setFlagsFromString('--expose-gc')
    const collect = runInNewContext('gc') as () => void
    const writer = new ByteWriter()
    const count = 20_000
    for (let i = 0; i < count; i++) writer.value('x'.repeat(200))
    const reader = new ByteReader(writer.finish())
    collect()
    const before = process.memoryUsage().heapUsed
    const strings = Array.from({ length: count }, () => reader.value<string>())
    collect()
    // A node for each character would take 20 bytes of it.
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(count * 200 * 4)
    expect(strings.every((text) => text.length === 200)).toBe(true)
  })

  it('name each property once', () => {
    const writer = new ByteWriter()
    for (let i = 0; i < 100; i++) writer.value({ temperature: i, humidity: i })
    expect(writer.length).toBeLessThan(100 * 8)
  })

  it('refuse what would not come back as it was', () => {
    class Point {
      x = 1
    }
    const cycle: unknown[] = []
    cycle.push(cycle)
    for (const value of [new Point(), () => 1, Symbol('s'), new Error('e'), new WeakMap(), /a/]) {
      expect(() => new ByteWriter().value([value])).toThrow('structuredClone')
    }
    expect(() => new ByteWriter().value(cycle)).toThrow('must not contain itself')
  })

  it('are an error if they were not written by a writer', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        const reader = new ByteReader([bytes])
        try {
          while (reader.left > 0) reader.value()
        } catch (error) {
          expect(error).toSatisfy((e) => e instanceof RangeError || e instanceof SyntaxError)
        }
      }),
    )
  })
})
