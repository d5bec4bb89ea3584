// A pipeline for tests to kill, from a source into the log: each event is published under its source's id, then the checkpoint moves on.
// Ends when the last event has been. Arguments: the source's url, the url of Redis, the key, the checkpoint's path, how many events.
import { fileCheckpoint, fromEventSource, type SseEvent } from '@rxsse/core'
import { commit, createStage, decodeJson, ofType, processWith } from '@rxsse/operators'
import { createSink } from '@rxsse/server'
import { takeWhile } from 'rxjs'
import { redisLog } from '../../src/index.ts'

const [source = '', redis = '', key = '', path = '', count = ''] = process.argv.slice(2)

const checkpoint = fileCheckpoint(path)
const published = createStage('published')
const sink = createSink({ log: redisLog({ url: redis, key, timeout: '60s', onError: () => {} }) })
const publish = ({ data, lastEventId }: SseEvent<{ n: number }>) =>
  sink.publish({ data: `event ${data.n}` }, 'all', { sourceId: lastEventId })

fromEventSource(source, {
  // Where there is no checkpoint yet, from the beginning: an id of no life of the source's log gets all that there is.
  lastEventId: async () => (await checkpoint.load()) ?? '0-0',
  reconnect: { initialDelay: 20, maxDelay: 200, minDelay: 10 },
})
  .pipe(
    ofType('reading'),
    decodeJson<{ n: number }>(),
    takeWhile(({ data }) => data.n < Number(count), true),
    processWith(publish, { concurrency: 1, stage: published }),
    commit(checkpoint, { after: published }),
  )
  .subscribe({ complete: () => process.exit(0) })
