// A line through all packages, from a project's own copy of RxJS to the same copy.
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { fromEventSource } from '@rxsse/core'
import { sourceFromConfig } from '@rxsse/core/config'
import { data, decodeJson, toMessage, tumbling, windowAggregate } from '@rxsse/operators'
import { toRecordBatches } from '@rxsse/operators/arrow'
import { RedisError, redisLog } from '@rxsse/redis'
import { createSink, memoryLog } from '@rxsse/server'
import { sinkFromConfig } from '@rxsse/server/config'
import { instrumentSink } from '@rxsse/server/otel'
import { createScriptedServer } from '@rxsse/testing'
import { chromiumPath } from '@rxsse/testing/programs'
import { firstValueFrom, Observable } from 'rxjs'

const feed = await createScriptedServer([
  { status: 200, body: ['id: 1\ndata: {"at":1,"n":2}\n\nid: 2\ndata: {"at":2,"n":3}\n\nid: 3\nda', 'CUT'] },
  { status: 200, body: ['id: 3\ndata: {"at":1000,"n":5}\n\n', 'HOLD'] },
])
const sums = fromEventSource(feed.url, { reconnect: { initialDelay: 1 } }).pipe(
  decodeJson(),
  data(),
  windowAggregate(tumbling('1s'), {
    timestamp: (reading) => reading.at,
    aggregates: (a) => ({ sum: a.sum((reading) => reading.n) }),
  }),
  toMessage({ type: 'sum' }),
)
assert(sums instanceof Observable)

const sink = createSink({ log: memoryLog({ capacity: 10 }) })
const server = createServer(sink.handler).listen(0, '127.0.0.1')
await new Promise((resolve) => server.once('listening', resolve))
const reading = firstValueFrom(
  fromEventSource(`http://127.0.0.1:${server.address().port}/`, { events: ['sum'] }),
)
const subscription = sums.subscribe(sink)
const { type, data: text } = await reading
assert.equal(type, 'sum')
assert.deepEqual(JSON.parse(text).value, { sum: 5 })
subscription.unsubscribe()
await sink.close()
server.close()
await feed.close()

for (const entry of [
  sourceFromConfig,
  sinkFromConfig,
  toRecordBatches,
  instrumentSink,
  redisLog,
  chromiumPath,
])
  assert.equal(typeof entry, 'function')
assert.equal(typeof RedisError, 'function')
console.log('from ESM, every entry loads, and a stream goes through core, operators, server and testing')
