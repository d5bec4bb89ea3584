import fc from 'fast-check'
import { expect, it } from 'vitest'
import { TwoStacks } from './two-stacks.ts'

/** Texts are joined: a monoid in which order matters, and whose merges can be counted. */
function texts() {
  let merges = 0
  return {
    create: () => ({ text: '' }),
    merge(into: { text: string }, from: { text: string }) {
      merges++
      into.text += from.text
      return into
    },
    merges: () => merges,
  }
}

const steps = fc.array(
  fc.record({ push: fc.integer({ min: 0, max: 3 }), drop: fc.integer({ min: 0, max: 3 }) }),
  { maxLength: 40 },
)

it('folds a sliding range, oldest first, without changing what is in it', () => {
  fc.assert(
    fc.property(steps, (list) => {
      const monoid = texts()
      const stacks = new TwoStacks(monoid)
      const elements: { number: number; element: { text: string } }[] = []
      let from = 0
      let number = 0
      for (const { push, drop } of list) {
        for (let i = 0; i < push; i++, number++) {
          const element = { text: `${number},` }
          elements.push({ number, element })
          stacks.push(number, element)
        }
        stacks.evictBefore(from)
        const inside = elements.filter((e) => e.number >= from)
        from += drop
        expect(stacks.foldUpTo(from)?.text).toEqual(
          inside.length === 0 ? undefined : inside.map((e) => e.element.text).join(''),
        )
      }
      for (const e of elements) expect(e.element.text).toBe(`${e.number},`)
    }),
    { numRuns: 1000 },
  )
})

it('costs no more than five merges a firing, however many elements are in the range', () => {
  for (const width of [6, 360, 3600]) {
    const monoid = texts()
    const stacks = new TwoStacks(monoid)
    const firings = 10 * width
    for (let number = 0; number < firings; number++) {
      stacks.push(number, { text: '' })
      stacks.evictBefore(number - width + 1)
      stacks.foldUpTo(number - width + 2)
    }
    expect(monoid.merges() / firings).toBeLessThanOrEqual(5)
  }
})
