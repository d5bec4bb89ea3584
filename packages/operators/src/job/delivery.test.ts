import type { SseEvent } from '@rxsse/shared'
import { VirtualClock } from '@rxsse/testing/virtual-time'
import { type OperatorFunction, Subject } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { event } from '../../test/driven-job.ts'
import { turn } from '../../test/turn.ts'
import { decode } from '../decode/decode.ts'
import { scanByKey } from '../keyed/scan-by-key.ts'
import { memoryStore } from '../store/memory-store.ts'
import { createJob, type Job } from './create-job.ts'
import type { JobStatus } from './job-status.ts'

async function startJob(
  program: (job: Job, clock: VirtualClock) => OperatorFunction<SseEvent, unknown>,
  store = memoryStore(),
) {
  const clock = new VirtualClock()
  const job = createJob({ store, every: '1h', scheduler: clock })
  const source = new Subject<SseEvent>()
  const seen = { delivered: 0, errors: [] as unknown[] }
  let status: JobStatus | undefined
  job.status.subscribe((now) => (status = now))
  const subscription = job
    .feed('numbers', () => source)
    .pipe(
      program(job, clock),
      job.deliver(() => void seen.delivered++),
    )
    .subscribe({ error: (error) => seen.errors.push(error) })
  await turn()
  return { clock, job, source, seen, subscription, status: () => status?.delivery }
}

describe('results are delivered', () => {
  it('at once after a decode whose schema is synchronous, and when saved after its first asynchronous event', async () => {
    const schema = z.unknown().refine((value) => (value === 2 ? Promise.resolve(true) : true))
    const { source, seen, clock } = await startJob((job) => decode(schema, { stage: job.stage('parsed') }))
    source.next(event('1'))
    expect(seen.delivered).toBe(1)
    source.next(event('2'))
    await turn()
    expect(seen.delivered).toBe(1)
    clock.advanceBy(1)
    expect(seen.delivered).toBe(2)
  })

  it('at once after a scanByKey without a clock, and when saved if a callback asks for the time', async () => {
    const count = (readsTime: boolean) => (job: Job, scheduler: VirtualClock) =>
      scanByKey<SseEvent, number>({ seed: () => 0, scheduler, stage: job.stage('count') }, (n, _, context) =>
        readsTime ? context.time : n + 1,
      )
    const plain = await startJob(count(false))
    plain.source.next(event('1'))
    expect(plain.seen.delivered).toBe(1)
    const timed = await startJob(count(true))
    timed.source.next(event('1'))
    expect(timed.seen.delivered).toBe(0)
    timed.clock.advanceBy(1)
    expect(timed.seen.delivered).toBe(1)
  })
})

describe('scanByKey as a stage of a job', () => {
  it('errors with its first event if its state cannot be saved', async () => {
    class Total {
      n = 0
    }
    const { source, seen } = await startJob((job) =>
      scanByKey({ seed: () => new Total(), stage: job.stage('total') }, (total) => total),
    )
    source.next(event('1'))
    expect(String(seen.errors[0])).toContain('structuredClone')
  })

  it('asks for no seed when it is restored', async () => {
    const store = memoryStore()
    let seeds = 0
    const count = (job: Job) =>
      scanByKey<SseEvent, number, string>(
        { key: ({ data }) => data, seed: () => seeds++, stage: job.stage('count') },
        (n) => n,
      )
    const first = await startJob(count, store)
    for (const id of ['1', '2', '3']) first.source.next(event(id))
    const saved = first.job.snapshot()
    first.clock.advanceBy(1)
    await saved
    first.subscription.unsubscribe()
    expect(seeds).toBe(3)
    const second = await startJob(count, store)
    second.source.next(event('4', '1'))
    expect(seeds).toBe(3)
  })
})
