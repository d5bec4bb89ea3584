import fc from 'fast-check'
import { expect, it } from 'vitest'
import { plainClient } from '../../../test/plain-client.ts'
import { createFaultProxy, createResumingFeed, randomFaults } from '../../index.ts'

it('a client that resumes gets every event once, in order, over cuts and resets at random bytes', async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat(), fc.integer({ min: 1, max: 100 }), async (seed, count) => {
      const feed = await createResumingFeed({ messages: count })
      const proxy = await createFaultProxy({
        target: feed.url,
        seed,
        // One connection in five has no fault, so that the run ends.
        plan: randomFaults({ kinds: ['cut', 'reset'], share: 0.8, maxBytes: 1500 }),
      })
      const seen: string[] = []
      let close = (): void => {}
      try {
        await new Promise<void>((done) => {
          close = plainClient()(
            { url: proxy.url, initialDelayMs: 0 },
            { open() {}, lost() {}, failed: done, event: ({ lastEventId }) => seen.push(lastEventId) },
          )
        })
        expect(seen).toEqual(Array.from({ length: count }, (_, index) => String(index + 1)))
      } finally {
        close()
        await proxy.close()
        await feed.close()
      }
    }),
    { numRuns: 100 },
  )
})
