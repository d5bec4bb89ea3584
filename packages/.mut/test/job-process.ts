// Runs a job until its stream ends or it is killed. Its parent keeps the log, and acknowledges each result.
// Arguments: the url of the stream, the kind of store, its path.
import { fromEventSource } from '@rxsse/core'
import { map, merge, share } from 'rxjs'
import { createJob } from '../src/job/create-job.ts'
import { dedupe } from '../src/keyed/dedupe.ts'
import { lag } from '../src/keyed/lag.ts'
import { fileStore } from '../src/store/file-store.ts'
import { sqliteStore } from '../src/store/sqlite-store.ts'
import { hopping, session } from '../src/window/spec.ts'
import { windowAggregate } from '../src/window/window-aggregate.ts'

export type JobMessage =
  | { readonly id: string; readonly value: unknown }
  | { readonly restoredFrom: number; readonly saved: number }

interface Reading {
  readonly key: number
  readonly time: number
  readonly value: number
}

const [url = '', kind = '', path = ''] = process.argv.slice(2)
const tell = (message: JobMessage) => process.send?.(message)
process.on('disconnect', () => process.exit())

const acknowledged = new Map<string, () => void>()
process.on('message', (id: string) => acknowledged.get(id)?.())

const job = createJob({ store: kind === 'sqlite' ? sqliteStore({ path }) : fileStore({ path }), every: 20 })
job.status.subscribe(({ phase, restoredFrom, saved }) => {
  if (phase === 'running') tell({ restoredFrom, saved: saved?.number ?? 0 })
})
const readings = job
  .feed('readings', (feed) => fromEventSource(url, { ...feed, reconnect: { initialDelay: '50ms' } }))
  .pipe(
    map(({ data }) => JSON.parse(data) as Reading),
    share(),
  )
const time = { timestamp: (reading: Reading) => reading.time, maxOutOfOrderness: 40 }
merge(
  readings.pipe(
    windowAggregate(hopping({ size: 200, every: 20 }), {
      ...time,
      key: (reading) => reading.key,
      aggregates: (a) => ({
        n: a.count(),
        mean: a.avg((r) => r.value),
        median: a.quantile((r) => r.value, 0.5),
      }),
      stage: job.stage('hopping'),
    }),
  ),
  readings.pipe(
    windowAggregate(session(30), {
      ...time,
      key: (reading) => reading.key,
      aggregates: (a) => ({ all: a.collect((r) => r.value) }),
      stage: job.stage('sessions'),
    }),
  ),
  readings.pipe(
    dedupe({ key: ({ value }) => Math.round(value / 10), maxKeys: 20, stage: job.stage('seen') }),
    lag({ key: ({ key }) => key, stage: job.stage('before') }, (now, before) => ({ now, before })),
  ),
)
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
    complete() {
      process.disconnect?.()
    },
  })
