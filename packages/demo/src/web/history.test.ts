import { memoryLog } from '@rxsse/server'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { readHistory } from './history.ts'

it('keeps the last messages of each type in order, and the last id', async () => {
  const type = fc.constantFrom('price', 'quakes', 'status')
  const messages = fc.array(fc.record({ type, data: fc.integer() }), { minLength: 1 })
  await fc.assert(
    fc.asyncProperty(
      messages,
      fc.integer({ min: 1, max: 5 }),
      fc.integer({ min: 1, max: 50 }),
      async (messages, kept, capacity) => {
        const log = memoryLog({ capacity })
        for (const { type, data } of messages) {
          await log.append({ type, data: String(data), topic: type }, 'all')
        }
        const held = messages.slice(-capacity)
        expect(await readHistory(log, kept, ['status'])).toEqual({
          lastEventId: (await log.head()).id,
          messages: held.filter(({ type }, index) => {
            const later = held.slice(index + 1).filter((other) => other.type === type).length
            return later < (type === 'status' ? 1 : kept)
          }),
        })
      },
    ),
  )
})

it('is empty before the first message, with the id to resume after', async () => {
  const log = memoryLog()
  const { lastEventId, messages } = await readHistory(log, 3)
  expect(messages).toEqual([])
  const { id } = await log.append({ data: '1', topic: '' }, 'all')
  const { entries, gap } = await log.since(lastEventId, { limit: 10 })
  expect(entries.map((entry) => entry.id)).toEqual([id])
  expect(gap).toBeUndefined()
})
