import { expect, it } from 'vitest'
import { clusterChaos } from '../../test/cluster-chaos.ts'

// At length: node test/run-cluster-chaos.ts
it('while workers are killed at random, every client has every event once, in order', {
  timeout: 180_000,
}, async () => {
  const seed = Math.floor(Math.random() * 1_000_000)
  console.info(`chaos seed ${seed}`)
  const report = await clusterChaos({ seed, seconds: 4, clients: 200, rate: 100 })
  expect(report.failures, `seed ${seed}`).toEqual([])
  expect(report.kills).toBeGreaterThan(0)
  expect(report.published).toBeGreaterThan(0)
})
