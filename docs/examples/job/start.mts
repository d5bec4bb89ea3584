import { createServer } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { fromEventSource } from '@rxsse/core'
import { createJob, data, decodeJson, tumbling, windowAggregate } from '@rxsse/operators'
import { fileStore } from '@rxsse/operators/store'
import { readLastEventId, streamTo } from '@rxsse/server'
import { distinctUntilChanged, map } from 'rxjs'

// A feed that goes on while this program is stopped: one event every 100 ms,
// whose id is the time. It sends what came after the id that it is given.
const feed = streamTo(async function* (request) {
  let next = Number(readLastEventId(request) || Math.floor(Date.now() / 100))
  for (;;) {
    next++
    await sleep(Math.max(0, next * 100 - Date.now()))
    yield { id: `${next}`, data: { time: next * 100 } }
  }
})
createServer(feed.handler).listen(8081)

// A second has ten events, also one in which this program was killed.
const job = createJob({ store: fileStore({ path: 'seconds' }), every: '500ms' })
job.status
  .pipe(
    map(({ phase, restoredFrom }) => `${phase}, from snapshot ${restoredFrom}`),
    distinctUntilChanged(),
  )
  .subscribe((status) => {
    if (status.startsWith('restoring') || status.startsWith('running')) console.log(status)
  })

job
  .feed('feed', (feed) => fromEventSource('http://localhost:8081', feed))
  .pipe(
    decodeJson<{ time: number }>(),
    data(),
    windowAggregate(tumbling('1s'), {
      timestamp: ({ time }) => time,
      aggregates: (a) => ({ count: a.count() }),
      stage: job.stage('seconds'),
    }),
    job.deliver(({ window, value }, { id }) => {
      console.log(`second ${window.start / 1_000}: ${value.count}, ${id}`)
    }),
  )
  .subscribe()
