import type { Snapshot, SnapshotStore } from '@rxsse/shared'
import { VirtualClock } from '@rxsse/testing/virtual-time'
import { Subject } from 'rxjs'
import { expect, it } from 'vitest'
import { event } from '../../test/driven-job.ts'
import { turn } from '../../test/turn.ts'
import { createJob } from './create-job.ts'
import { IDLE, type JobStatus } from './job-status.ts'

it('a job whose store was emptied between two runs begins anew, and says that its snapshots are gone', async () => {
  let last: Snapshot | undefined
  const store: SnapshotStore = {
    // As a database that has nothing, in a program without types.
    load: () => last ?? (null as never),
    save(snapshot) {
      last = snapshot
    },
  }
  const clock = new VirtualClock()
  const job = createJob({ store, every: 50, scheduler: clock })
  let status: JobStatus = IDLE
  job.status.subscribe((now) => {
    status = now
  })
  const from: unknown[] = []
  async function run(): Promise<JobStatus> {
    const source = new Subject<ReturnType<typeof event>>()
    const subscription = job
      .feed('numbers', ({ lastEventId }) => {
        from.push(lastEventId)
        return source
      })
      .subscribe()
    await turn()
    source.next(event('1'))
    clock.advanceTo(clock.now() + 50)
    const seen = status
    subscription.unsubscribe()
    await turn()
    return seen
  }
  expect(await run()).toMatchObject({ restoredFrom: 0, damaged: [] })
  expect(await run()).toMatchObject({ restoredFrom: 1, damaged: [] })
  last = undefined
  expect(await run()).toMatchObject({
    restoredFrom: 0,
    damaged: ['snapshot 1: it is gone, and so are all others'],
  })
  expect(from).toEqual([undefined, '1', undefined])
})
