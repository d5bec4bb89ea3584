// From a source into the log, for tests to kill: each event is published under its source's id, then the checkpoint moves on.
// Arguments: the source's url, the url of Redis, the key, the checkpoint's path.
import { fileCheckpoint, fromEventSource } from '@rxsse/core'
import { createSink } from '@rxsse/server'
import { concatMap } from 'rxjs'
import { redisLog } from '../src/index.ts'

const [source = '', redis = '', key = '', path = ''] = process.argv.slice(2)

const checkpoint = fileCheckpoint(path)
const sink = createSink({ log: redisLog({ url: redis, key, timeout: '60s', onError: () => {} }) })

fromEventSource(source, { lastEventId: checkpoint.load, reconnect: { initialDelay: 20 } })
  .pipe(
    concatMap(async ({ data, lastEventId }) => {
      await sink.publish({ data }, 'all', { sourceId: lastEventId })
      await checkpoint.save(lastEventId)
    }),
  )
  .subscribe({ complete: () => process.exit(0) })
