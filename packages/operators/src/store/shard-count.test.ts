import { join } from 'node:path'
import type { SnapshotStore, SseEvent } from '@rxsse/shared'
import { concat, filter, firstValueFrom, NEVER, of } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { temporaryFolder } from '../../test/temporary-folder.ts'
import { createJob } from '../job/create-job.ts'
import { fileStore } from './file-store.ts'
import { memoryStore } from './memory-store.ts'
import { sqliteStore } from './sqlite-store.ts'

const stores: Readonly<Record<string, () => () => SnapshotStore>> = {
  memoryStore: () => {
    const store = memoryStore()
    return () => store
  },
  fileStore: () => {
    const path = join(temporaryFolder(), 'job')
    return () => fileStore({ path })
  },
  sqliteStore: () => {
    const path = join(temporaryFolder(), 'job.db')
    return () => sqliteStore({ path })
  },
}

const event: SseEvent = { type: 'message', data: 'a', lastEventId: '1' }

/** Runs a job of `count` shards, or of none, until it has saved or failed. Only its last shard gets an event. */
async function run(store: SnapshotStore, count: number | undefined): Promise<string> {
  const job = createJob({ store, every: 1 })
  const feed = (isBusy: boolean) => (isBusy ? concat(of(event), NEVER) : NEVER)
  const stream =
    count === undefined
      ? job.feed('a', () => feed(true))
      : job.shards(count, (shard) => shard.feed('a', () => feed(shard.index === count - 1)))
  const subscription = stream.subscribe({ error: () => {} })
  const { error } = await firstValueFrom(
    job.status.pipe(filter(({ phase, saved }) => phase === 'failed' || saved !== undefined)),
  )
  subscription.unsubscribe()
  await store.close?.()
  return error === undefined ? 'goes on' : String(error)
}

describe.each(Object.keys(stores))('a job with %s', (name) => {
  const counts = [undefined, 1, 2, 3, 6]
  const pairs = counts.flatMap((before) => counts.map((now) => [before, now] as const))

  it.each(pairs)(
    'that was saved with %s shards, and has %s now, goes on or errors, and can go back',
    async (before, now) => {
      const open = (stores[name] as () => () => SnapshotStore)()
      expect(await run(open(), before)).toBe('goes on')
      const describeCount = (count: number | undefined) => `${count ?? 'no'} shards`
      expect(await run(open(), now)).toContain(
        now === before
          ? 'goes on'
          : `the job was saved with ${describeCount(before)}, and has ${describeCount(now)} now. Go back`,
      )
      expect(await run(open(), before)).toBe('goes on')
    },
  )
})
