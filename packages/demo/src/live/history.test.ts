import fc from 'fast-check'
import { expect, it } from 'vitest'
import { createHistory } from './history.ts'

it('keeps the last of each type, in the order they came, and the last id', () => {
  const types = ['price', 'quakes', 'status']
  const message = fc.record({ type: fc.constantFrom(...types), n: fc.integer() })
  fc.assert(
    fc.property(fc.array(message, { minLength: 1 }), fc.integer({ min: 1, max: 5 }), (messages, capacity) => {
      const history = createHistory<{ type: string; n: number }>(capacity, ['status'])
      for (const [index, m] of messages.entries()) history.add(m, String(index))
      const kept = messages.filter((m, index) => {
        const later = messages.slice(index + 1).filter(({ type }) => type === m.type).length
        return later < (m.type === 'status' ? 1 : capacity)
      })
      expect(history.snapshot()).toEqual({ lastEventId: String(messages.length - 1), messages: kept })
    }),
  )
})

it('is empty, with no id to resume after, before the first message', () => {
  expect(createHistory(3).snapshot()).toEqual({ lastEventId: '', messages: [] })
})
