import type { Snapshot, SnapshotStore } from '@rxsse/shared'
import { VirtualClock } from '@rxsse/testing/virtual-time'
import { Subject } from 'rxjs'
import { expect, it } from 'vitest'
import { event } from '../../test/driven-job.ts'
import { turn } from '../../test/turn.ts'
import { createJob } from './create-job.ts'
import { IDLE, type JobStatus } from './job-status.ts'

it('a job whose store was emptied or put back between two runs says that its snapshots are gone', async () => {
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
  async function run(ids = ['1']): Promise<JobStatus> {
    const source = new Subject<ReturnType<typeof event>>()
    const subscription = job
      .feed('numbers', ({ lastEventId }) => {
        from.push(lastEventId)
        return source
      })
      .subscribe()
    await turn()
    for (const id of ids) source.next(event(id))
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

  // A backup is put back.
  const backup = last
  expect(await run(['2'])).toMatchObject({ restoredFrom: 1, damaged: [], saved: { number: 2 } })
  expect(await run(['3'])).toMatchObject({ restoredFrom: 2, damaged: [], saved: { number: 3 } })
  last = backup
  expect(await run(['2'])).toMatchObject({
    restoredFrom: 1,
    damaged: ['snapshot 3: it is gone'],
    saved: { number: 2 },
  })
  expect(await run(['3'])).toMatchObject({ restoredFrom: 2, damaged: [], saved: { number: 3 } })
  // What the store says of it stays.
  last = { ...(backup as unknown as Snapshot), damaged: ['snapshot 3: its checksum is wrong'] }
  expect(await run(['2'])).toMatchObject({ restoredFrom: 1, damaged: ['snapshot 3: its checksum is wrong'] })
})
