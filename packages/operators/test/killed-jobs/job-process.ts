// Runs a job until its streams end or it is killed. Its parent keeps the log, and acknowledges each result.
// Arguments: the address of the feeds, the kind of store, the store's path, the number of feeds.
import { flushCompileCache } from 'node:module'
import { fromEventSource } from '@rxsse/core'
import { type SnapshotStore, SnapshotStoreError } from '@rxsse/shared'
import { map, merge, type Observable, share } from 'rxjs'
import { createJob } from '../../src/index.ts'
import { fileStore, sqliteStore } from '../../src/store/index.ts'
import { LEASE_LOST } from './lease-lost.ts'
import { connectOneFeed, connectTwoFeeds, type Measured } from './pipelines.ts'

// It may be killed, and would not save it then.
flushCompileCache()

export type JobMessage =
  | { readonly id: string; readonly value: unknown }
  | {
      readonly restoredFrom: number
      readonly damaged: number
      readonly saved: number
      readonly failedSave: string | undefined
    }

const [url = '', kind = '', path = '', feeds = '1'] = process.argv.slice(2)
const tell = (message: JobMessage) => process.send?.(message)
process.on('disconnect', () => process.exit())

const acknowledged = new Map<string, () => void>()
process.on('message', (id: string) => {
  acknowledged.get(id)?.()
  acknowledged.delete(id)
})

const job = createJob({ store: await openStore(), every: 20 })
let told = ''
job.status.subscribe(({ phase, restoredFrom, damaged, saved, saveError }) => {
  if (phase !== 'running') return
  const message = {
    restoredFrom,
    damaged: damaged.length,
    saved: saved?.number ?? 0,
    failedSave: saveError === undefined ? undefined : String(saveError),
  }
  const text = JSON.stringify(message)
  if (text !== told) tell(message)
  told = text
})

const readings = ['ams', 'par'].slice(0, Number(feeds)).map(
  (name): Observable<Measured> =>
    job
      .feed(name, (feed) => fromEventSource(url + name, { ...feed, reconnect: { initialDelay: '50ms' } }))
      .pipe(
        map(({ data }) => ({ ...(JSON.parse(data) as Measured), feed: name })),
        share(),
      ),
)
const results =
  feeds === '1' ? connectOneFeed(job, readings[0] as Observable<Measured>) : connectTwoFeeds(job, readings)
merge(...results)
  .pipe(
    job.deliver(
      (value, { id }) =>
        new Promise<void>((resolve) => {
          acknowledged.set(id, resolve)
          tell({ id, value })
        }),
      { concurrency: 100 },
    ),
  )
  .subscribe({
    complete: () => process.disconnect?.(),
    error(error) {
      // The machine was too busy to renew it. The next process goes on.
      if (error instanceof SnapshotStoreError && error.code === 'lease-lost') process.exit(LEASE_LOST)
      console.error(error)
      process.exit(1)
    },
  })

async function openStore(): Promise<SnapshotStore> {
  if (kind === 'file') return fileStore({ path })
  if (kind === 'sqlite') return sqliteStore({ path })
  // Not a dependency: the package of Redis depends on this one in its tests.
  const { redisStore } = await import(new URL('../../../redis/dist/index.js', import.meta.url).href)
  const [address, name] = path.split('#')
  return redisStore({ url: address, job: name, lease: '2s' })
}
