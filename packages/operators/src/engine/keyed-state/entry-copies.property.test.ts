import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ByteReader } from '../../job/byte-reader.ts'
import { ByteWriter } from '../../job/byte-writer.ts'
import { type CopiedEntry, EntryCopies, loadEntries } from './entry-copies.ts'

interface Counter extends CopiedEntry {
  readonly key: number
  readonly order: number
  count: number
}

const step = fc.record({
  /** How far the copy goes on before this step. */
  copied: fc.nat(2),
  key: fc.nat(5),
  what: fc.constantFrom('count', 'count', 'delete'),
})
const steps = fc.array(step, { maxLength: 40 })

type Step = typeof step extends fc.Arbitrary<infer S> ? S : never

/** Counters by key, which an operator with copies might have. */
class Counters {
  readonly copies = new EntryCopies<Counter>()
  readonly entries = new Map<number, Counter>()
  #created = 0

  apply({ key, what }: Step): void {
    const entry = this.entries.get(key)
    if (entry !== undefined) this.copies.willChange(entry)
    if (what === 'delete') this.entries.delete(key)
    else if (entry !== undefined) entry.count++
    else this.entries.set(key, { key, order: this.#created++, count: 1, copy: this.copies.count })
  }

  save(writer: ByteWriter): Generator<void, void> {
    return this.copies.save(writer, this.entries, ({ key, order, count }) => {
      for (const number of [key, order, count]) writer.number(number)
    })
  }

  contents(): readonly (readonly number[])[] {
    return [...this.entries.values()].map(({ key, order, count }) => [key, order, count])
  }
}

function load(writer: ByteWriter): readonly (readonly number[])[] {
  const reader = new ByteReader(writer.finish())
  const entries = loadEntries(reader, () => ({
    key: reader.number(),
    order: reader.number(),
    count: reader.number(),
  }))
  expect(reader.left).toBe(0)
  return entries.map(({ key, order, count }) => [key, order, count])
}

describe('copies of entries', () => {
  it('have the entries of one moment, in the order in which they were created, whatever changes meanwhile', () => {
    fc.assert(
      fc.property(fc.array(steps, { maxLength: 3 }), (lives) => {
        const counters = new Counters()
        for (const life of lives) {
          const writer = new ByteWriter()
          const expected = counters.contents()
          const copy = counters.save(writer)
          copy.next()
          for (const each of life) {
            for (let n = 0; n < each.copied; n++) copy.next()
            counters.apply(each)
          }
          while (copy.next().done !== true);
          expect(load(writer)).toEqual(expected)
          expect(counters.copies.isCopying).toBe(false)
        }
      }),
      { numRuns: 1000 },
    )
  })

  it('write one entry a turn', () => {
    const counters = new Counters()
    for (let key = 0; key < 6; key++) counters.apply({ copied: 0, key, what: 'count' })
    const writer = new ByteWriter()
    let before = writer.length
    const copy = counters.save(writer)
    for (let n = 0; n < 6; n++) {
      copy.next()
      expect(writer.length - before).toBeLessThanOrEqual(4)
      before = writer.length
    }
    expect(copy.next().done).toBe(true)
  })
})
