import type { Observable } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { type Pipeline, type Reading, runJob, type Script } from '../../test/crash-job.ts'
import { session, tumbling } from '../window/spec.ts'
import { windowAggregate } from '../window/window-aggregate.ts'

const script: Script = Array.from({ length: 60 }, (_, i) => ({
  at: i * 4,
  reading: { key: i % 5, time: i * 4, value: i },
}))

describe('a copy that takes many turns', () => {
  it.each([
    ['tumbling windows', tumbling(100)],
    ['sessions', session(25, { maxDuration: 70 })],
  ])('of %s shows the cut, whatever events and the watermark change meanwhile', async (_, spec) => {
    const pipeline: Pipeline = ([readings], job) =>
      (readings as Observable<Reading>).pipe(
        windowAggregate(spec, {
          timestamp: (r) => r.time,
          key: (r) => r.key,
          aggregates: (a) => ({ ids: a.collect((r) => r.id) }),
          stage: job.stage('windows'),
        }),
      )
    const run = (life: number) =>
      runJob(pipeline, [script], {
        lives: [{ life, pause: 1 }],
        saves: [{ takes: 0, outcome: 'early' }],
        // Results that wait for the one before are lost with the process.
        deliveries: life === 0 ? [0] : [20],
        every: 30 + (life % 12),
        bytesPerTurn: 1,
      })
    const expected = await run(0)
    expect(expected.size).toBeGreaterThan(10)
    for (let life = 1; life < 240; life += 4) expect([...(await run(life))]).toEqual([...expected])
  })
})
