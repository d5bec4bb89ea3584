// A client for tests to kill, of any of several nodes into a file: a line for each event, then the checkpoint moves on.
// Arguments: the file, the checkpoint's path, where to start, 'dedupe' to leave out what the file has, the urls of the nodes.
import { existsSync, readFileSync } from 'node:fs'
import { appendFile } from 'node:fs/promises'
import { fileCheckpoint, fromEventSource, type SseEvent } from '@rxsse/core'
import { commit, createStage, dedupe, processWith } from '@rxsse/operators'
import { concat, from, skip } from 'rxjs'

const [file = '', path = '', start = '', mode = '', ...urls] = process.argv.slice(2)

const checkpoint = fileCheckpoint(path)
const anyNode = () => urls[Math.floor(Math.random() * urls.length)] ?? ''
const events = fromEventSource(anyNode, {
  lastEventId: async () => (await checkpoint.load()) ?? start,
  reconnect: { initialDelay: 20, maxDelay: 200, minDelay: 10 },
})
const store = ({ type, data, lastEventId }: SseEvent) =>
  appendFile(file, `${JSON.stringify({ type, data, lastEventId })}\n`)

// What a crash left between the line and the checkpoint is in the file, and comes again: so the file is read first.
const stored: SseEvent[] = existsSync(file)
  ? readFileSync(file, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
  : []
const once = concat(from(stored), events).pipe(
  dedupe({ key: ({ lastEventId }) => lastEventId }),
  skip(stored.length),
)

const handled = mode === 'dedupe' ? once : events
const stage = createStage('stored')
handled.pipe(processWith(store, { concurrency: 1, stage }), commit(checkpoint, { after: stage })).subscribe()
