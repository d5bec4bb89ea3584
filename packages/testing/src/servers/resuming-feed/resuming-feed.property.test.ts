import fc from 'fast-check'
import { expect, it } from 'vitest'
import { plainClient } from '../../../test/plain-client.ts'
import { createResumingFeed, type Disconnect, disconnectSchedule } from '../../index.ts'

/** The events that a client gets from a feed until the 204 response. */
async function readAll(url: string): Promise<string[]> {
  const seen: string[] = []
  let close = (): void => {}
  await new Promise<void>((done) => {
    close = plainClient()(
      { url, initialDelayMs: 0 },
      {
        open() {},
        lost() {},
        failed: done,
        event: ({ lastEventId, data }) => seen.push(`${lastEventId} ${data}`),
      },
    )
  })
  close()
  return seen
}

it('a client that resumes gets every event once, in order, under any schedule of losses', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 30 }),
      disconnectSchedule({ by: ['END', 'FIN', 'RST'] }),
      async (count, disconnects) => {
        const feed = await createResumingFeed({ messages: count, disconnects })
        try {
          const wanted = Array.from({ length: count }, (_, i) => `${i + 1} event ${i + 1}`)
          expect(await readAll(feed.url)).toEqual(wanted)
          expect(feed.requests.length).toBeLessThanOrEqual(disconnects.length + 2)
        } finally {
          await feed.close()
        }
      },
    ),
    { numRuns: 150 },
  )
})

it('schedules contain every kind of loss, in the head and in the body', () => {
  const losses = fc.sample(disconnectSchedule(), { numRuns: 300, seed: 1 }).flat()
  const kinds = new Set(losses.map(({ part, by }: Disconnect) => `${part} ${by}`))
  expect(kinds.size).toBe(8)
  expect(losses.some(({ part, bytes }) => part === 'head' && bytes === 0)).toBe(true)
})
