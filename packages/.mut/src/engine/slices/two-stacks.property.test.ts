import fc from 'fast-check'
import { expect, it } from 'vitest'
import { TwoStacks } from './two-stacks.ts'

/** Texts are joined: a monoid in which order matters, whose merges can be counted and whose slots are not used once given back. */
function texts() {
  const taken = new Map<number, string>()
  let slots = 0
  let merges = 0
  const textOf = (slot: number): string =>
    taken.get(slot) ?? expect.unreachable(`slot ${slot} was given back`)
  const take = (text: string) => {
    taken.set(slots, text)
    return slots++
  }
  return {
    take,
    textOf,
    copy: (of: number) => take(textOf(of)),
    merge(into: number, from: number) {
      merges++
      taken.set(into, textOf(into) + textOf(from))
    },
    release(slot: number) {
      expect(taken.delete(slot)).toBe(true)
    },
    merges: () => merges,
    taken: () => taken.size,
  }
}

const steps = fc.array(
  fc.record({ push: fc.integer({ min: 0, max: 3 }), drop: fc.integer({ min: 0, max: 3 }) }),
  { maxLength: 40, size: 'max' },
)

it('folds a sliding range, oldest first, without changing its elements', () => {
  fc.assert(
    fc.property(steps, (list) => {
      const accumulators = texts()
      const stacks = new TwoStacks(accumulators)
      const elements: { number: number; element: number }[] = []
      let from = 0
      let number = 0
      for (const { push, drop } of list) {
        for (let i = 0; i < push; i++, number++) {
          const element = accumulators.take(`${number},`)
          elements.push({ number, element })
          stacks.push(number, element)
        }
        stacks.evictBefore(from)
        const inside = elements.filter((e) => e.number >= from)
        from += drop
        const fold = stacks.foldUpTo(from)
        expect(fold === undefined ? [] : [accumulators.textOf(fold)]).toEqual(
          inside.length === 0 ? [] : [inside.map((e) => accumulators.textOf(e.element)).join('')],
        )
        if (fold !== undefined) accumulators.release(fold)
      }
      for (const e of elements) expect(accumulators.textOf(e.element)).toBe(`${e.number},`)
      stacks.clear()
      expect(accumulators.taken()).toBe(elements.length)
    }),
    { numRuns: 1000 },
  )
})

it('uses no element that was evicted, so that its owner may change it', () => {
  fc.assert(
    fc.property(steps, (list) => {
      const accumulators = texts()
      const stacks = new TwoStacks(accumulators)
      const owned: { number: number; element: number }[] = []
      let number = 0
      let from = 0
      for (const { push, drop } of list) {
        for (let i = 0; i < push; i++, number++) {
          owned.push({ number, element: accumulators.take(`${number},`) })
          stacks.push(number, owned.at(-1)?.element ?? Number.NaN)
        }
        from += drop
        const fold = stacks.foldUpTo(from)
        if (fold !== undefined) accumulators.release(fold)
        stacks.evictBefore(from)
        while (owned[0] !== undefined && owned[0].number < from)
          accumulators.release(owned.shift()?.element ?? Number.NaN)
      }
    }),
    { numRuns: 1000 },
  )
})

it('costs at most three merges a firing, for any number of elements in the range', () => {
  for (const width of [6, 360, 3600]) {
    const accumulators = texts()
    const stacks = new TwoStacks(accumulators)
    const firings = 10 * width
    for (let number = 0; number < firings; number++) {
      stacks.push(number, accumulators.take(''))
      stacks.evictBefore(number - width + 1)
      const fold = stacks.foldUpTo(number - width + 2)
      if (fold !== undefined) accumulators.release(fold)
    }
    expect(accumulators.merges() / firings).toBeLessThanOrEqual(3)
  }
})
