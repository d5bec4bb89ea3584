// From any of several nodes into a file, for tests to kill: a line for each event, then the checkpoint moves on.
// Arguments: the file, the checkpoint's path, where to start, the urls of the nodes.
import { appendFile } from 'node:fs/promises'
import { fileCheckpoint, fromEventSource } from '@rxsse/core'
import { concatMap } from 'rxjs'

const [file = '', path = '', start = '', ...urls] = process.argv.slice(2)

const checkpoint = fileCheckpoint(path)
const anyNode = () => urls[Math.floor(Math.random() * urls.length)] ?? ''
const lastEventId = async () => (await checkpoint.load()) ?? start

fromEventSource(anyNode, { lastEventId, reconnect: { initialDelay: 20, maxDelay: 200, minDelay: 10 } })
  .pipe(
    concatMap(async (event) => {
      await appendFile(file, `${event.lastEventId} ${event.type} ${event.data}\n`)
      await checkpoint.save(event.lastEventId)
    }),
  )
  .subscribe()
