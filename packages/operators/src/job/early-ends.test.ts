import type { SseEvent } from '@rxsse/shared'
import { VirtualClock } from '@rxsse/testing/virtual-time'
import { merge, type OperatorFunction, Subject, take } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { event } from '../../test/driven-job.ts'
import { turn } from '../../test/turn.ts'
import { rateLimit } from '../rate/rate-limit.ts'
import { joinWithin } from '../window/join-within.ts'
import type { Job } from './create-job.ts'
import { createJob } from './create-job.ts'

/** A job with a stage whose stream ends after some results, and another stream that goes on. */
async function startJob(
  program: (job: Job, clock: VirtualClock) => OperatorFunction<SseEvent, SseEvent>,
  results: number,
) {
  const clock = new VirtualClock()
  let saves = 0
  const job = createJob({
    store: { load: () => undefined, save: () => void saves++ },
    every: 30,
    scheduler: clock,
  })
  const [source, other] = [new Subject<SseEvent>(), new Subject<SseEvent>()]
  const errors: unknown[] = []
  merge(
    job.feed('a', () => source).pipe(program(job, clock), take(results)),
    job.feed('b', () => other),
  ).subscribe({ error: (error) => errors.push(error) })
  await turn()
  return {
    source,
    clock,
    /** Says how many snapshots the other stream still has. */
    async goOn() {
      const before = saves
      await turn()
      other.next(event('1'))
      clock.advanceTo(clock.now() + 200)
      await turn()
      return { snapshots: saves - before, error: String(errors[0]) }
    },
  }
}

describe('the end of a stream whose stage still holds something', () => {
  it('is the end of the job: a join whose other side is open', async () => {
    const right = new Subject<SseEvent>()
    const side = { key: ({ data }: SseEvent) => data, timestamp: () => 1 }
    const { source, goOn } = await startJob(
      (job) =>
        joinWithin(
          job.feed('right', () => right),
          { left: side, right: side, within: '1h', stage: job.stage('join') },
          (left) => left,
        ),
      1,
    )
    source.next(event('1'))
    source.complete()
    right.next(event('1'))
    expect(await goOn()).toMatchObject({ snapshots: 0, error: expect.stringContaining('the stage "join"') })
  })

  it('is the end of the job: events that wait after the source has completed', async () => {
    const { source, clock, goOn } = await startJob(
      (job, scheduler) => rateLimit({ tokens: 1, interval: 100, scheduler, stage: job.stage('rate') }),
      2,
    )
    for (const id of ['1', '2', '3']) source.next(event(id))
    source.complete()
    clock.advanceTo(100)
    expect(await goOn()).toMatchObject({ snapshots: 0, error: expect.stringContaining('the stage "rate"') })
  })
})
