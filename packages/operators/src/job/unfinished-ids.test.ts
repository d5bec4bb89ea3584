import type { SseEvent } from '@rxsse/shared'
import { VirtualClock } from '@rxsse/testing/virtual-time'
import { from, map, Observable, of, repeat, timer } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { event } from '../../test/driven-job.ts'
import { turn } from '../../test/turn.ts'
import type { FeedGate } from '../progress/progress.ts'
import { memoryStore } from '../store/memory-store.ts'
import { groupWithin } from '../window/group-within.ts'
import { createJob, type Job } from './create-job.ts'
import type { JobStatus } from './job-status.ts'

/** Sends what a gate lets through: `page` events with each ID. The last event has an ID of its own. */
function pages(count: number, page: number, gate: FeedGate): Observable<SseEvent> {
  return new Observable((out) => {
    let sent = 0
    const send = () => {
      while (!gate.shut && sent < count && !out.closed) {
        sent++
        out.next(event(`${Math.floor(sent / page)}`, `${sent}`))
      }
    }
    out.add(gate.changes.subscribe(send) as never)
    send()
  })
}

async function run(pipeline: (job: Job, clock: VirtualClock) => Observable<SseEvent>) {
  const clock = new VirtualClock()
  const job = createJob({ store: memoryStore(), every: 50, scheduler: clock })
  const seen = { delivered: [] as string[], errors: [] as unknown[], isComplete: false }
  let status: JobStatus | undefined
  job.status.subscribe((now) => (status = now))
  pipeline(job, clock)
    .pipe(job.deliver(({ data }) => void seen.delivered.push(data), { when: 'when-saved' }))
    .subscribe({
      error: (error) => seen.errors.push(error),
      complete() {
        seen.isComplete = true
      },
    })
  for (let i = 0; i < 20; i++) {
    await turn()
    clock.advanceTo(clock.now() + 50)
  }
  return { ...seen, status, isComplete: seen.isComplete }
}

describe('events without an ID of their own', () => {
  it('pass the gate while results wait for the next ID', async () => {
    const { delivered, status } = await run((job) => job.feed('pages', ({ gate }) => pages(6000, 3000, gate)))
    expect(delivered).toEqual(Array.from({ length: 6000 }, (_, i) => `${i + 1}`))
    expect(status?.waitingFor).toBeUndefined()
  })

  it('at the end of the stream are an error that says so, because their results can never be delivered', async () => {
    const { delivered, errors, status } = await run((job, scheduler) =>
      job
        .feed('pages', () => of(event('1'), event('2'), event('2')))
        .pipe(
          groupWithin({ maxItems: 10, maxWait: '1h', scheduler, stage: job.stage('groups') }),
          map((group) => event(`${group.length}`)),
        ),
    )
    expect(delivered).toEqual([])
    expect(String(errors[0])).toContain('the feed "pages" has ended with an event without an ID of its own')
    expect(status).toMatchObject({ phase: 'failed', waitingFor: undefined })
  })

  it('at the end of a response are none if another one follows', async () => {
    const parts = [[event('1'), event('1', '1b')], [event('2')]]
    const { delivered, errors } = await run((job, clock) =>
      job
        .feed('pages', () => from(parts.shift() ?? []))
        .pipe(repeat({ count: 2, delay: () => timer(300, clock) })),
    )
    expect(errors).toEqual([])
    expect(delivered).toEqual(['1', '1b', '2'])
  })
})
