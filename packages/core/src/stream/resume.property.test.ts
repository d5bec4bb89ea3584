import { createResumingFeed, disconnectSchedule } from '@rxsse/testing'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { record } from '../../test/record.ts'
import { transports } from '../../test/transports.ts'

// A timeout that fires too early on a busy machine costs a connection, and no event.
const timeouts = { connect: 400, head: 400, idle: 100 } as const
const reconnect = { initialDelay: 1, minDelay: 1, maxDelay: 5 } as const

describe.each(transports)('over %s', (_, transport) => {
  it('whatever way connections are lost, every event comes once, in order', {
    timeout: 240_000,
  }, async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 40 }),
        disconnectSchedule(),
        async (messages, disconnects) => {
          await using server = await createResumingFeed({ messages, disconnects })
          const stream = record(server.url, { transport, timeouts, reconnect })
          expect(await stream.over()).toBeUndefined()
          expect(stream.data).toEqual(Array.from({ length: messages }, (__, index) => `event ${index + 1}`))
        },
      ),
      { numRuns: 60, endOnFailure: true },
    )
  })
})
