// A server for tests to kill. It publishes one number after another, and continues after the last
// one in its log. Arguments: the path of the database, the port. Prints the port.
import { createServer } from 'node:http'
import { flushCompileCache } from 'node:module'
import type { AddressInfo } from 'node:net'
import { sqliteLog } from '../src/log/sqlite-log.ts'
import { createSink } from '../src/sink/sink.ts'

const [path = '', port = '0'] = process.argv.slice(2)
const log = sqliteLog({ path })
const sink = createSink({ log, retry: 20, compression: 'shared', cors: { origins: '*' } })
const server = createServer(sink.handler)
server.listen(Number(port), '127.0.0.1', async () => {
  console.log((server.address() as AddressInfo).port)
  let { offset: count } = await log.head()
  const next = async () => {
    await sink.publish({ data: ++count })
    setTimeout(next, 1)
  }
  await next()
})
// It is killed, and would not save it then.
flushCompileCache()
