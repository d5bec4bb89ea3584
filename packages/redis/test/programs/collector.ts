// A client that tests kill. It connects to any of several nodes, appends each event to a file, and commits a checkpoint.
// Arguments: the file, the path of the checkpoint, the first id, 'dedupe' to skip events that the file has, the URLs of the nodes.
import { existsSync, readFileSync } from 'node:fs'
import { appendFile } from 'node:fs/promises'
import { flushCompileCache } from 'node:module'
import { fileCheckpoint, fromEventSource, type SseEvent } from '@rxsse/core'
import { commit, createStage, dedupe, processWith } from '@rxsse/operators'
import { concat, from, skip } from 'rxjs'

// It may be killed, and would not save it then.
flushCompileCache()

const [file = '', path = '', start = '', mode = '', ...urls] = process.argv.slice(2)

const checkpoint = fileCheckpoint(path)
const anyNode = () => urls[Math.floor(Math.random() * urls.length)] ?? ''
const events = fromEventSource(anyNode, {
  lastEventId: async () => (await checkpoint.load()) ?? start,
  reconnect: { initialDelay: 20, maxDelay: 200, minDelay: 10 },
})
const store = ({ type, data, lastEventId }: SseEvent) =>
  appendFile(file, `${JSON.stringify({ type, data, lastEventId })}\n`)

// After a crash between the line and the checkpoint, an event in the file arrives again. So `dedupe` sees the file first.
const stored: SseEvent[] = existsSync(file)
  ? readFileSync(file, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
  : []
const deduped = concat(from(stored), events).pipe(
  dedupe({ key: ({ lastEventId }) => lastEventId }),
  skip(stored.length),
)

const handled = mode === 'dedupe' ? deduped : events
const stage = createStage('stored')
handled.pipe(processWith(store, { concurrency: 1, stage }), commit(checkpoint, { after: stage })).subscribe()
