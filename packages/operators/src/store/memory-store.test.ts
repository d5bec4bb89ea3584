import { SnapshotStoreError } from '@rxsse/shared'
import { Subject } from 'rxjs'
import { expect, it } from 'vitest'
import { event } from '../../test/driven-job.ts'
import { createTestSnapshot } from '../../test/test-snapshot.ts'
import { turn } from '../../test/turn.ts'
import { createJob } from '../job/create-job.ts'
import { memoryStore } from './memory-store.ts'

it('has the snapshot that was saved last, and refuses one that does not follow it', () => {
  const store = memoryStore()
  expect(store.load()).toBeUndefined()
  for (const number of [1, 3]) {
    const snapshot = createTestSnapshot(number)
    store.save(snapshot)
    expect(store.load()).toBe(snapshot)
    for (const other of [number, number - 1])
      expect(() => store.save(createTestSnapshot(other))).toThrow(
        `memoryStore: snapshot ${other} does not follow snapshot ${number}, the newest one`,
      )
    expect(store.load()).toBe(snapshot)
  }
})

it('ends the second of two jobs that use it by mistake', async () => {
  const store = memoryStore()
  const [one, two] = [createJob({ store }), createJob({ store })]
  const [first, second] = [new Subject<ReturnType<typeof event>>(), new Subject<ReturnType<typeof event>>()]
  const errors: unknown[] = []
  one.feed('a', () => first).subscribe()
  two.feed('b', () => second).subscribe({ error: (error) => errors.push(error) })
  await turn()
  first.next(event('1'))
  second.next(event('1'))
  expect(await one.snapshot()).toMatchObject({ number: 1 })
  await expect(two.snapshot()).rejects.toMatchObject({ code: 'superseded' })
  expect(errors).toEqual([expect.any(SnapshotStoreError)])
})
