import { describe, expect, it } from 'vitest'
import { redisPath } from '../../test/redis.ts'
import { shardChaos } from '../../test/shard-chaos.ts'

// For longer runs over many seeds: node test/programs/run-shard-chaos.ts
describe.skipIf(redisPath === undefined)('three nodes that share six shards', () => {
  it('publish exactly the right results, each once, while they are killed, stopped, cut off and replaced at random', async () => {
    const seed = Math.floor(Math.random() * 1_000_000)
    console.info(`chaos seed ${seed}`)
    const report = await shardChaos({ seed, seconds: 4, lease: 2_000 })
    expect(report.failures, `seed ${seed}`).toEqual([])
    expect(Object.values(report.faults).reduce((sum, count) => sum + count, 0)).toBeGreaterThan(2)
  }, 300_000)
})
