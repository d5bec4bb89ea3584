import type { LogEntry } from '@rxsse/server'
import { createFaultProxy, type Fault } from '@rxsse/testing'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Redis, redisPath, startRedis } from '../../test/redis.ts'
import { redisLog } from '../log/redis-log.ts'

// A handshake takes some hundred bytes in each direction, and so does a batch.
const cut: fc.Arbitrary<Fault> = fc.record({
  kind: fc.constant('cut' as const),
  direction: fc.constantFrom('to-server' as const, 'to-client' as const),
  after: fc.integer({ min: 1, max: 4_000 }),
})

describe.skipIf(redisPath === undefined)('if connections to Redis are cut at any byte', () => {
  let redis: Redis
  let keys = 0

  beforeAll(async () => {
    redis = await startRedis()
  })
  afterAll(() => redis.close())

  it('messages without a source id are appended once, in the order of the calls, and the tail delivers each once', async () => {
    let cutsInAll = 0
    await fc.assert(
      fc.asyncProperty(fc.array(cut, { minLength: 1, maxLength: 12, size: 'max' }), async (cuts) => {
        const key = `cut-${++keys}`
        const plan = (connection: number) => cuts.slice(connection, connection + 1)
        const proxy = await createFaultProxy({ target: redis.port, plan, seed: 0 })
        const url = `redis://127.0.0.1:${proxy.port}`
        const log = redisLog({ url, key, timeout: '60s', onError: () => {} })
        try {
          const tailed: LogEntry[] = []
          const tail = await log.tail?.((entries) => void tailed.push(...entries))
          const appended: Promise<LogEntry>[] = []
          for (let n = 0; n < 60; n++) {
            appended.push(Promise.resolve(log.append({ data: `${n}`, topic: '' }, 'all')))
            if (n % 3 === 0) await appended.at(-1)
          }
          const entries = await Promise.all(appended)
          await expect.poll(() => tailed.length).toBeGreaterThanOrEqual(60)
          expect(tailed).toEqual(entries)
          expect(tailed.map(({ message }) => message.data)).toEqual(entries.map((_, n) => `${n}`))
          expect((await log.since(tail?.position.id ?? '', { limit: 100 })).entries).toEqual(entries)
          cutsInAll += proxy.connections.filter(({ endedBy }) => endedBy === 'cut').length
        } finally {
          await log.close()
          await proxy.close()
        }
      }),
      { numRuns: 15 },
    )
    expect(cutsInAll).toBeGreaterThan(15)
  })

  it('a message is in the log if its call succeeds, and not in the log if the error says so', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(cut, { minLength: 1, maxLength: 12, size: 'max' }), async (cuts) => {
        const key = `told-${++keys}`
        const plan = (connection: number) => cuts.slice(connection, connection + 1)
        const proxy = await createFaultProxy({ target: redis.port, plan, seed: 0 })
        const url = `redis://127.0.0.1:${proxy.port}`
        const log = redisLog({ url, key, whenAway: 'fail', onError: () => {} })
        const direct = redisLog({ url: redis.url, key })
        try {
          const { id } = await direct.head()
          const outcomes: ('there' | 'perhaps' | 'not there')[] = []
          for (let n = 0; n < 40; n++) {
            outcomes.push(
              await Promise.resolve(log.append({ data: `${n}`, topic: '' }, 'all')).then(
                () => 'there',
                ({ mayBeAppended }) => (mayBeAppended ? 'perhaps' : 'not there'),
              ),
            )
            if (outcomes.at(-1) !== 'there') await new Promise((resolve) => setTimeout(resolve, 5))
          }
          const { entries } = await direct.since(id, { limit: 100 })
          const held = entries.map(({ message }) => Number(message.data))
          expect(held).toEqual([...new Set(held)].sort((a, b) => a - b))
          for (const [n, outcome] of outcomes.entries()) {
            if (outcome !== 'perhaps') expect([n, held.includes(n)]).toEqual([n, outcome === 'there'])
          }
        } finally {
          await log.close()
          await direct.close()
          await proxy.close()
        }
      }),
      { numRuns: 15 },
    )
  })
})
