import fc from 'fast-check'
import { expect, it } from 'vitest'
import { Queue } from './queue.ts'

it('a queue is first in, first out, as an array is', () => {
  const operation = fc.constantFrom('push', 'push', 'shift', 'clear')
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 100 }), (operations) => {
      const queue = new Queue<{ readonly n: number }>()
      const model: { readonly n: number }[] = []
      for (const [n, name] of operations.entries()) {
        if (name === 'push') {
          const item = { n }
          queue.push(item)
          model.push(item)
        } else if (name === 'shift') {
          expect(queue.shift()).toBe(model.shift())
        } else {
          queue.clear()
          model.length = 0
        }
        expect(queue.size).toBe(model.length)
      }
    }),
  )
})

// An array would move millions of items for each of millions of shifts, and the test would run out of time.
it('a long queue is emptied in linear time', () => {
  const queue = new Queue()
  const item = {}
  const count = 3_000_000
  for (let n = 0; n < count; n++) queue.push(item)
  let shifted = 0
  while (queue.shift() === item) shifted += 1
  expect(shifted).toBe(count)
})
