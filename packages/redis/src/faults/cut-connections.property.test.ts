import type { LogEntry } from '@rxsse/server'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Cut, cuttingProxy } from '../test/cutting-proxy.ts'
import { eventually } from '../test/eventually.ts'
import { type Redis, redisPath, startRedis } from '../test/redis.ts'
import { redisLog } from './redis-log.ts'

// A handshake takes some hundred bytes either way; a batch, some hundred more.
const cut: fc.Arbitrary<Cut> = fc.record({
  after: fc.integer({ min: 1, max: 4_000 }),
  of: fc.constantFrom('requests' as const, 'answers' as const),
})

describe.skipIf(redisPath === undefined)('where connections to Redis are cut at any byte', () => {
  let redis: Redis
  let keys = 0

  beforeAll(async () => {
    redis = await startRedis()
  })
  afterAll(() => redis.close())

  it('messages without a source id are appended once, in the order of the calls, and the tail has each once', async () => {
    let cutsInAll = 0
    await fc.assert(
      fc.asyncProperty(fc.array(cut, { minLength: 1, maxLength: 12, size: 'max' }), async (cuts) => {
        const key = `cut-${++keys}`
        const waiting = [...cuts]
        const proxy = await cuttingProxy(redis.port, () => waiting.shift())
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
          await eventually(() => tailed.length >= 60)
          expect(tailed).toEqual(entries)
          expect(tailed.map(({ message }) => message.data)).toEqual(entries.map((_, n) => `${n}`))
          expect((await log.since(tail?.position.id ?? '', 100)).entries).toEqual(entries)
          cutsInAll += proxy.cuts
        } finally {
          await log.close()
          proxy.close()
        }
      }),
      { numRuns: 15 },
    )
    expect(cutsInAll).toBeGreaterThan(15)
  })

  it('a message is there if the call says so, and not there if the call says that it cannot be', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(cut, { minLength: 1, maxLength: 12, size: 'max' }), async (cuts) => {
        const key = `told-${++keys}`
        const waiting = [...cuts]
        const proxy = await cuttingProxy(redis.port, () => waiting.shift())
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
          const { entries } = await direct.since(id, 100)
          const held = entries.map(({ message }) => Number(message.data))
          expect(held).toEqual([...new Set(held)].sort((a, b) => a - b))
          for (const [n, outcome] of outcomes.entries()) {
            if (outcome !== 'perhaps') expect([n, held.includes(n)]).toEqual([n, outcome === 'there'])
          }
        } finally {
          await log.close()
          await direct.close()
          proxy.close()
        }
      }),
      { numRuns: 15 },
    )
  })
})
