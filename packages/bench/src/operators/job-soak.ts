import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import {
  type Aggregates,
  createJob,
  dedupe,
  hopping,
  type Job,
  joinWithin,
  lag,
  type SseEvent,
  scanByKey,
  session,
  slidingWindow,
  tumbling,
  windowAggregate,
} from '@rxsse/operators'
import { fileStore, sqliteStore } from '@rxsse/operators/store'
import { VirtualClock } from '@rxsse/testing/virtual-time'
import { filter, map, merge, type Observable, Subject, share } from 'rxjs'
import { Growth, measureHeap } from '../harness/heap-growth.ts'

const USAGE = `An hour of readings through a job with windows, joins, timers and a snapshot every 5 s, as fast as it goes. Says whether the
heap and the store stay flat.

  node --expose-gc dist/operators/job-soak.js [--store file] [--seconds 3600] [--rate 1000]

  --store    file or sqlite
  --seconds  of the readings
  --rate     readings a second
`

interface Reading {
  readonly n: number
  readonly key: number
  readonly time: number
  readonly value: number
}

const SAMPLES = 40
/** Keys that are in use at a time. They change: each lives for a minute. */
const KEYS = 500
const MINUTE = 60_000
/** Where numbers and times begin. They must not become longer in the hour, because a longer number takes more bytes. */
const BEGIN = 10 ** 12

const { values } = parseArgs({
  options: {
    store: { type: 'string', default: 'file' },
    seconds: { type: 'string', default: '3600' },
    rate: { type: 'string', default: '1000' },
    help: { type: 'boolean', default: false },
  },
})
if (values.help) process.stdout.write(USAGE)
else process.exit((await soak(Number(values.seconds), Number(values.rate))) ? 0 : 1)

async function soak(seconds: number, rate: number): Promise<boolean> {
  const folder = mkdtempSync(join(tmpdir(), 'rxsse-'))
  const path = join(folder, 'job')
  const clock = new VirtualClock()
  const store = values.store === 'sqlite' ? sqliteStore({ path }) : fileStore({ path })
  const job = createJob({ store, every: '5s', scheduler: clock })
  let phase = ''
  let saves = 0
  job.status.subscribe((status) => {
    phase = status.phase
    saves = status.saved?.number ?? 0
    if (status.error !== undefined) throw status.error
  })
  const source = new Subject<SseEvent>()
  let delivered = 0
  connect(job, source)
    .pipe(job.deliver(() => void delivered++))
    .subscribe()
  while (phase !== 'running') await turn()

  const heap = new Growth('heap after collection')
  const disk = new Growth('store')
  const startedAt = performance.now()
  let n = 0
  for (let second = 1; second <= seconds; second++) {
    for (let i = 0; i < rate; i++)
      source.next(createEvent(n++, second * 1000 + Math.floor((i * 1000) / rate)))
    clock.advanceTo(second * 1000)
    while (phase !== 'running') {
      await turn()
      clock.advanceTo(second * 1000)
    }
    if (second % Math.round(seconds / SAMPLES) !== 0) continue
    heap.add(measureHeap())
    disk.add(readdirSync(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0))
  }
  const took = (performance.now() - startedAt) / 1000
  console.log(`${n} readings, ${delivered} results, ${saves} snapshots, in ${took.toFixed(0)} s`)
  const [isHeapFlat, isStoreFlat] = [heap.report(), disk.report()]
  await store.close?.()
  rmSync(folder, { recursive: true })
  return isHeapFlat && isStoreFlat
}

function createEvent(n: number, now: number): SseEvent {
  const key = BEGIN + Math.floor(now / MINUTE) * KEYS + ((n * 7919) % KEYS)
  const time = BEGIN + now - ((n * 7919) % 40)
  return {
    type: 'message',
    data: JSON.stringify({ n: BEGIN + n, key, time, value: (n * 7919) % 1009 } satisfies Reading),
    lastEventId: String(n),
  }
}

function connect(job: Job, source: Observable<SseEvent>): Observable<unknown> {
  const readings = job
    .feed('readings', () => source)
    .pipe(
      map(({ data }) => JSON.parse(data) as Reading),
      share(),
    )
  const key = (reading: Reading) => reading.key
  const time = { timestamp: (reading: Reading) => reading.time, maxOutOfOrderness: 50 }
  const aggregates = (a: Aggregates<Reading>) => ({ n: a.count(), mean: a.avg((reading) => reading.value) })
  const stage = (name: string) => ({ stage: job.stage(name) })
  const windows = [tumbling('10s'), hopping({ size: '30s', every: '5s' }), session('5s')].map(
    (spec, number) =>
      readings.pipe(windowAggregate(spec, { ...time, key, aggregates, ...stage(`windows ${number}`) })),
  )
  const [even, odd] = [0, 1].map((rest) => readings.pipe(filter(({ n }) => n % 2 === rest)))
  return merge(
    ...windows,
    readings.pipe(slidingWindow({ ...time, size: '10s', key, aggregates, ...stage('sliding') })),
    readings.pipe(
      dedupe({ key, ttl: '30s', timestamp: (reading) => reading.time, ...stage('seen') }),
      lag(
        { key: ({ key: own }) => own % 100, ...stage('before') },
        (now, before) => now.n - (before?.n ?? 0),
      ),
    ),
    readings.pipe(
      scanByKey(
        {
          ...time,
          key,
          seed: () => 0,
          onTimer(count, { forget }) {
            forget()
            return count
          },
          ...stage('counts'),
        },
        (count, reading, { setTimer }) => {
          setTimer(reading.time + 5000)
          return count + 1
        },
      ),
    ),
    (even as Observable<Reading>).pipe(
      joinWithin(
        odd as Observable<Reading>,
        {
          left: { ...time, key },
          right: { ...time, key },
          within: '1s',
          maxOutOfOrderness: 50,
          ...stage('pairs'),
        },
        (left, right) => left.n + right.n,
      ),
    ),
  )
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
