import type { SseEvent } from '@rxsse/shared'
import { VirtualClock } from '@rxsse/testing/virtual-time'
import { Subject } from 'rxjs'
import { createJob, type JobOptions } from '../src/job/create-job.ts'
import type { JobStatus } from '../src/job/job-status.ts'
import { lag } from '../src/keyed/lag.ts'
import { memoryStore } from '../src/store/memory-store.ts'

export const event = (id: string, text = id): SseEvent => ({ type: 'message', data: text, lastEventId: id })

/** A job of `lag` over a source that the test drives, and everything that can be seen of it. */
export function startJob(options: Partial<JobOptions> = {}, { offset = 1 } = {}) {
  const clock = new VirtualClock()
  const source = new Subject<SseEvent>()
  const seen = { from: undefined as string | undefined, ids: [] as string[], errors: [] as unknown[] }
  const job = createJob({ store: memoryStore(), every: 100, scheduler: clock, ...options })
  const statuses: JobStatus[] = []
  job.status.subscribe((status) => statuses.push(status))
  const subscription = job
    .feed('numbers', ({ lastEventId }) => {
      seen.from = lastEventId
      return source
    })
    .pipe(
      lag({ offset, stage: job.stage('before') }, (now, before) => `${before?.data}-${now.data}`),
      job.deliver((value, { id }) => void seen.ids.push(`${id} ${value}`)),
    )
    .subscribe({ error: (error) => seen.errors.push(error) })
  return { clock, source, seen, job, statuses, subscription, status: () => statuses.at(-1) as JobStatus }
}
