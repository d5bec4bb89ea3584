// A process that reads a stream, deals with each event (here: a line in a log), and saves how far it has come.
import { appendFileSync } from 'node:fs'
import { fileCheckpoint, fromEventSource } from '../dist/index.js'

const [url, path, log] = process.argv.slice(2) as [string, string, string]
const checkpoint = fileCheckpoint(path)
let saving = false

fromEventSource(url, { lastEventId: checkpoint, reconnect: { initialDelay: 1 } }).subscribe({
  next({ lastEventId }) {
    appendFileSync(log, `${lastEventId}\n`)
    process.send?.('event')
    if (saving) return
    saving = true
    void checkpoint.save(lastEventId).then(() => {
      saving = false
      appendFileSync(log, `saved ${lastEventId}\n`)
    })
  },
  complete: () => process.disconnect(),
})
