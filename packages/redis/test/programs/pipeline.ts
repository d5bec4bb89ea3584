// A pipeline that tests kill. It publishes each event of a source with the source's id, and then commits a checkpoint.
// It ends after the last event. Arguments: the URLs of the source and of Redis, the key, the path of the checkpoint, the number of events.
import { flushCompileCache } from 'node:module'
import { fileCheckpoint, fromEventSource, type SseEvent } from '@rxsse/core'
import { commit, createStage, decodeJson, ofType, processWith } from '@rxsse/operators'
import { createSink } from '@rxsse/server'
import { takeWhile } from 'rxjs'
import { redisLog } from '../../src/index.ts'

// It may be killed, and would not save it then.
flushCompileCache()

const [source = '', redis = '', key = '', path = '', count = ''] = process.argv.slice(2)

const checkpoint = fileCheckpoint(path)
const published = createStage('published')
const sink = createSink({ log: redisLog({ url: redis, key, timeout: '60s', onError: () => {} }) })
const publish = ({ data, lastEventId }: SseEvent<{ n: number }>) =>
  sink.publish({ data: `event ${data.n}` }, 'all', { sourceId: lastEventId })

fromEventSource(source, {
  // Without a checkpoint it starts from the beginning: after an unknown id, the source's log sends everything.
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
