import { parseArgs } from 'node:util'
import { createFlowGate, fromEventSource } from '@rxsse/core'
import {
  commit,
  createStage,
  data,
  decodeJson,
  dedupe,
  ofType,
  processWith,
  tumbling,
  windowAggregate,
} from '@rxsse/operators'
import { redisLog } from '@rxsse/redis'
import { createSink, serveSinks } from '@rxsse/server'
import { startRedisServer } from '@rxsse/testing/programs'
import { share } from 'rxjs'
import { Growth, measureHeap } from '../harness/heap-growth.ts'
import { startOtherSide } from '../harness/other-side.ts'
import type { FeedSize, Reading } from './feed.ts'

const USAGE = `An hour of readings, 100 a second, as fast as they go: from a source over operators, a sink and Redis to readers, all in
this process. Says whether the heap stays flat.

  node --expose-gc dist/redis/soak.js [--readings 360000] [--cut-after 20000] [--readers 4]

  --readings   how many
  --cut-after  the source's connection is cut after so many
  --readers    clients of the sink
`

const SAMPLES = 40

const { values } = parseArgs({
  options: {
    readings: { type: 'string', default: '360000' },
    'cut-after': { type: 'string', default: '20000' },
    readers: { type: 'string', default: '4' },
    help: { type: 'boolean', default: false },
  },
})
if (values.help) process.stdout.write(USAGE)
else process.exit((await soak(Number(values.readings), Number(values.readers))) ? 0 : 1)

async function soak(readings: number, readers: number): Promise<boolean> {
  const size: FeedSize = { readings, cutAfter: Number(values['cut-after']) }
  const feed = await startOtherSide<string>(new URL('./feed.js', import.meta.url), size)
  const redis = await startRedisServer()
  const log = redisLog({ url: redis.url, maxLength: 5_000, timeout: '60s' })
  const { id: origin } = await log.head()
  const sink = createSink({ log })
  const server = await serveSinks({ port: 0, host: '127.0.0.1', sinks: { readings: sink } })
  const url = `http://127.0.0.1:${server.port}/sse/readings`

  let received = 0
  for (let n = 0; n < readers; n++) {
    fromEventSource(url, { lastEventId: origin }).subscribe(() => {
      received++
    })
  }

  const gate = createFlowGate({ high: 400, low: 100 })
  let saved = ''
  const checkpoint = {
    save(id: string) {
      saved = id
    },
  }
  let published = 0
  let windows = 0
  let connections = 0
  const heap = new Growth('heap after collection')
  const every = Math.round(readings / SAMPLES)
  const startedAt = performance.now()
  const readings$ = fromEventSource(feed.ready, {
    gate,
    reconnect: { initialDelay: 10, minDelay: 10 },
    state: { next: ({ status }) => void (status === 'open' && connections++) },
  }).pipe(
    ofType('reading'),
    decodeJson<Reading>(),
    dedupe({ key: ({ lastEventId }) => lastEventId, ttl: '10s', maxKeys: 1_000 }),
    share(),
  )
  readings$
    .pipe(
      data(),
      windowAggregate(tumbling('10s'), {
        timestamp: ({ at }) => at,
        key: ({ sensor }) => sensor,
        aggregates: (a) => ({
          mean: a.avg(({ value }) => value),
          median: a.quantile(({ value }) => value, 0.5),
          sensors: a.countDistinct(({ n }) => n % 100),
        }),
      }),
    )
    .subscribe(() => windows++)
  await new Promise<void>((complete, error) => {
    const publish = async ({ data: reading, lastEventId }: { data: Reading; lastEventId: string }) => {
      await sink.publish({ type: 'reading', data: reading }, 'all', { sourceId: lastEventId })
      if (++published % every === 0) heap.add(measureHeap())
    }
    const stage = createStage('published')
    readings$
      .pipe(processWith(publish, { concurrency: 64, gate, stage }), commit(checkpoint, { after: stage }))
      .subscribe({ complete, error })
  })
  while (received < readings * readers) await new Promise((resolve) => setTimeout(resolve, 10))

  const seconds = (performance.now() - startedAt) / 1_000
  console.log(
    `${published} readings over ${connections} connections, ${windows} windows, ${received} to ${readers} readers, in ${seconds.toFixed(0)} s; saved at ${saved}`,
  )
  const isFlat = heap.report()
  const { gaps, skipped } = sink.stats()
  await sink.close({ drain: 0 })
  return published === readings && gaps + skipped === 0 && isFlat
}
