import { describe, expect, it } from 'vitest'
import { chaos } from '../../test/chaos.ts'
import { redisPath } from '../../test/redis.ts'

// For longer runs over many seeds: node test/programs/run-chaos.ts
describe.skipIf(redisPath === undefined)(
  'three nodes on one Redis, with events published at two of them',
  () => {
    it.each([
      ['nodes are killed', 300, false],
      ['nodes and Redis are killed and paused', 60, true],
    ])(
      'while %s and restarted at random, every client gets every event once, in order',
      { timeout: 180_000 },
      async (_, clients, redisFaults) => {
        const seed = Math.floor(Math.random() * 1_000_000)
        console.info(`chaos seed ${seed}`)
        const report = await chaos({ seed, seconds: 4, clients, rate: 100, redisFaults })
        expect(report.failures, `seed ${seed}`).toEqual([])
        expect(report.kills).toBeGreaterThan(0)
        expect(report.published).toBeGreaterThan(0)
      },
    )
  },
)
