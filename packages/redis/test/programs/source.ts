// A source that tests kill. It publishes the events 1 to `count` one after another, from a log on disk.
// Arguments: the path of its log, the port, the number of events.
import { createServer } from 'node:http'
import { flushCompileCache } from 'node:module'
import { createSink, sqliteLog } from '@rxsse/server'

// It may be killed, and would not save it then.
flushCompileCache()

const [path = '', port = '', count = ''] = process.argv.slice(2)

const log = sqliteLog({ path })
const sink = createSink({ log, retry: 20, heartbeat: { interval: 500 } })
createServer(sink.handler).listen(Number(port), '127.0.0.1')

for (let { offset } = await log.head(); offset < Number(count); ) {
  offset++
  await sink.publish({ type: 'reading', data: { n: offset } })
  await new Promise((resolve) => setTimeout(resolve, 4))
}
