import { expect, it } from 'vitest'
import type { LogPage } from '../log/event-log.ts'
import { SharedReads } from './shared-reads.ts'

const page: LogPage = { entries: [], end: 0, more: false }

interface Asked {
  readonly after: string | number
  answer(): void
}

function sharedReads(): { reads: SharedReads; asked: Asked[] } {
  const asked: Asked[] = []
  const reads = new SharedReads((after, _limit, settled) => {
    return new Promise((resolve) => {
      const answer = () => {
        settled()
        resolve({ ...page })
      }
      asked.push({ after, answer })
    })
  })
  return { reads, asked }
}

it('asks once for those who ask for the same while the answer is on its way', async () => {
  const { reads, asked } = sharedReads()
  const [one, other] = [reads.read('e-1', { limit: 10 }), reads.read('e-1', { limit: 10 })]
  expect(asked.length).toBe(1)
  asked[0]?.answer()
  expect(await one).toBe(await other)
})

it('asks again for a read that begins after the answer, even in the same turn', async () => {
  const { reads, asked } = sharedReads()
  const one = reads.read('e-1', { limit: 10 })
  asked[0]?.answer()
  const other = reads.read('e-1', { limit: 10 })
  expect(asked.length).toBe(2)
  asked[1]?.answer()
  expect(await one).not.toBe(await other)
})

it('asks again after something went live, while the first answer is on its way', () => {
  const { reads, asked } = sharedReads()
  void reads.read('e-1', { limit: 10 })
  reads.stopSharing()
  void reads.read('e-1', { limit: 10 })
  asked[0]?.answer()
  void reads.read('e-1', { limit: 10 })
  expect(asked.length).toBe(2)
})

it('tells an id from an offset, and one limit from another', () => {
  const { reads, asked } = sharedReads()
  for (const [after, limit] of [
    ['1', 1],
    [1, 1],
    ['1', 2],
  ] as const)
    void reads.read(after, { limit })
  expect(asked.length).toBe(3)
})

it('asks for a few pages at a time, and for all of them in the end', async () => {
  const { reads, asked } = sharedReads()
  const all = Array.from({ length: 100 }, (_, after) => reads.read(after, { limit: 10 }))
  expect(asked.length).toBe(16)
  for (let answered = 0; answered < 100; answered++) {
    asked[answered]?.answer()
    await undefined
    expect(asked.length - answered).toBeLessThanOrEqual(17)
  }
  expect((await Promise.all(all)).length).toBe(100)
  expect(asked.map(({ after }) => after)).toEqual(Array.from({ length: 100 }, (_, after) => after))
})
