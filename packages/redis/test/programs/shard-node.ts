// A node that runs some of the shards of a job. Tests kill, stop and cut it off. It tells its parent which shards it has.
// Arguments: the URL of Redis, the key, the lease in milliseconds, the URL of the source, the number of shards, when it delivers.
import { flushCompileCache } from 'node:module'
import { fromEventSource } from '@rxsse/core'
import {
  createJob,
  data,
  decodeJson,
  dedupe,
  lag,
  type Shard,
  tumbling,
  windowAggregate,
} from '@rxsse/operators'
import { createSink } from '@rxsse/server'
import { map, merge, retry, share } from 'rxjs'
import { redisLog, redisStore } from '../../src/index.ts'
import { formatPair, OUT_OF_ORDER, type Reading, WINDOW } from '../reading-source.ts'

// It may be killed, and would not save it then.
flushCompileCache()

/** What a node tells its parent: the shards it has, and from which snapshot each went on. Or an error that it goes on after. */
export type ShardReport =
  | { readonly shards: readonly { readonly index: number; readonly from: number }[] }
  | { readonly error: string }

/** The data of a message in the log. */
export interface ShardResult {
  readonly shard: number
  readonly token: string
  readonly text: string
}

const [url = '', key = '', lease = '', source = '', count = '', when = ''] = process.argv.slice(2)
const tell = (report: ShardReport) => process.connected && process.send?.(report)

const store = redisStore({ url, key, lease: Number(lease), onError: () => {} })
const log = redisLog({ url, key, fence: store, onError: () => {} })
const sink = createSink({ log, onError: () => {} })
const job = createJob({ store, every: 150 })
const reconnect = { initialDelay: 20, maxDelay: 200, minDelay: 10 }

function pipeline(shard: Shard) {
  const readings = shard
    .feed('readings', (feed) => fromEventSource(source, { ...feed, reconnect }))
    .pipe(
      decodeJson<Reading>(),
      data(),
      shard.own((reading) => reading.key),
      share(),
    )
  const windows = readings.pipe(
    dedupe({ key: (reading) => reading.n, stage: shard.stage('unique') }),
    windowAggregate(tumbling(WINDOW), {
      timestamp: (reading) => reading.time,
      maxOutOfOrderness: OUT_OF_ORDER,
      key: (reading) => reading.key,
      aggregates: (a) => ({ n: a.count(), sum: a.sum((reading) => reading.value) }),
      stage: shard.stage('windows'),
    }),
    map(({ key, window, value }) => `${key} ${window.start} n=${value.n} sum=${value.sum}`),
  )
  const pairs = readings.pipe(
    lag({ key: (reading) => reading.key, stage: shard.stage('before') }, (now, before) =>
      formatPair(now.key, before?.n, now.n),
    ),
  )
  return merge(windows, pairs).pipe(
    shard.deliver(
      (text, { id }) => {
        const { token = '' } = store.shard(shard.index, shard.count)
        const result: ShardResult = { shard: shard.index, token, text }
        return sink.publish({ data: result }, 'all', { sourceId: id })
      },
      { concurrency: 32, ...(when === 'when-saved' && { when }) },
    ),
  )
}

const subscription = job
  .shards(Number(count), pipeline)
  .pipe(
    retry({
      delay: (error) => {
        tell({ error: `${error} ${error.cause ?? ''}` })
        return new Promise((resolve) => setTimeout(resolve, 200))
      },
    }),
  )
  .subscribe()
let told = ''
job.status.subscribe(({ shards }) => {
  const running = shards.filter(({ phase }) => phase !== 'restoring')
  const report: ShardReport = {
    shards: running.map(({ index, restoredFrom }) => ({ index, from: restoredFrom })),
  }
  const text = JSON.stringify(report)
  if (text !== told) tell(report)
  told = text
})

/** Leaves in order. */
process.on('message', async () => {
  await job.snapshot()
  subscription.unsubscribe()
  await store.close()
  process.exit(0)
})
process.on('disconnect', () => process.exit())
