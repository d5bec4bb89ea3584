import type { SnapshotStore } from '@rxsse/shared'
import { VirtualClock } from '@rxsse/testing/virtual-time'
import { NEVER } from 'rxjs'
import { expect, it } from 'vitest'
import { event, startJob } from '../../test/driven-job.ts'
import { turn } from '../../test/turn.ts'
import { memoryStore } from '../store/memory-store.ts'
import { createJob } from './create-job.ts'
import { IDLE } from './job-status.ts'

/** A store whose calls are answered by the test. */
function createHeldStore() {
  const answers: (() => void)[] = []
  const store: SnapshotStore = {
    load: () => new Promise((resolve) => answers.push(() => resolve(undefined))),
    save: () => new Promise((resolve) => answers.push(resolve)),
  }
  return { store, answer: () => answers.shift()?.() }
}

it('the status says that the store does not answer, until it does', async () => {
  const { store, answer } = createHeldStore()
  const { clock, source, status, subscription, seen } = startJob({ store })
  await turn()
  clock.advanceTo(29_999)
  expect(status()).toMatchObject({ phase: 'restoring', waitingFor: undefined })
  clock.advanceTo(30_000)
  expect(status()).toMatchObject({
    phase: 'restoring',
    waitingFor: 'the store, which is loading the last snapshot',
  })
  answer()
  await turn()
  expect(status()).toMatchObject({ phase: 'running', waitingFor: undefined })

  source.next(event('1'))
  clock.advanceTo(30_100)
  expect(status()).toMatchObject({ phase: 'snapshotting', waitingFor: undefined })
  source.next(event('2'))
  clock.advanceTo(60_100)
  expect(status()).toMatchObject({
    phase: 'snapshotting',
    waitingFor: 'the store, which is saving snapshot 1',
    unsaved: 2,
  })
  // The stream goes on.
  expect(seen.ids).toHaveLength(2)
  answer()
  await turn()
  expect(status()).toMatchObject({
    phase: 'running',
    waitingFor: undefined,
    saved: { number: 1 },
    unsaved: 1,
  })
  subscription.unsubscribe()
  expect(clock.timers).toBe(0)
})

it('the status says that the store does not answer for the number of shards', async () => {
  const { store, answer } = createHeldStore()
  const clock = new VirtualClock()
  const job = createJob({ store: { ...store, shard: () => memoryStore() }, scheduler: clock })
  let status = IDLE
  job.status.subscribe((now) => {
    status = now
  })
  const subscription = job.shards(2, (shard) => shard.feed('a', () => NEVER)).subscribe()
  await turn()
  clock.advanceTo(30_000)
  const waitingFor = 'the store, which is loading the number of shards'
  expect(status).toMatchObject({ phase: 'standing-by', waitingFor })
  answer()
  await turn()
  expect(status).toMatchObject({ phase: 'running', waitingFor: undefined })
  subscription.unsubscribe()
  expect(clock.timers).toBe(0)

  const next = job.shards(2, (shard) => shard.feed('a', () => NEVER)).subscribe()
  await turn()
  clock.advanceTo(60_000)
  expect(status).toMatchObject({ phase: 'standing-by', waitingFor })
  next.unsubscribe()
  expect(status).toMatchObject({ phase: 'idle', waitingFor: undefined })
  expect(clock.timers).toBe(0)
})

it('the next run says that it waits for a save of the run before', async () => {
  const { store, answer } = createHeldStore()
  const { clock, source, status, subscription, job } = startJob({ store })
  await turn()
  answer()
  await turn()
  source.next(event('1'))
  clock.advanceTo(100)
  subscription.unsubscribe()
  expect(clock.timers).toBe(0)
  const next = job.feed('numbers', () => source).subscribe()
  await turn()
  clock.advanceTo(30_100)
  expect(status()).toMatchObject({
    phase: 'restoring',
    waitingFor: 'the store, which is still saving a snapshot of the run before',
  })
  answer()
  await turn()
  answer()
  await turn()
  expect(status()).toMatchObject({ phase: 'running', waitingFor: undefined })
  next.unsubscribe()
  expect(clock.timers).toBe(0)
})
