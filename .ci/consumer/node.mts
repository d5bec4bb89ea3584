import { createServer } from 'node:http'
import { type ConnectionState, type EventSourceError, fromEventSource, type SseEvent } from '@rxsse/core'
import { sourceFromConfig } from '@rxsse/core/config'
import { data, decode, toMessage, tumbling, windowAggregate } from '@rxsse/operators'
import { toRecordBatches } from '@rxsse/operators/arrow'
import { fileStore, sqliteStore } from '@rxsse/operators/store'
import { redisLog } from '@rxsse/redis'
import { createSink, type SseMessage } from '@rxsse/server'
import { sinkFromConfig } from '@rxsse/server/config'
import { instrumentSink } from '@rxsse/server/otel'
import { createScriptedServer, eventStreamCases } from '@rxsse/testing'
import { chromiumPath } from '@rxsse/testing/programs'
import type { Observable } from 'rxjs'
import { z } from 'zod'

const states: ConnectionState[] = []
const events: Observable<SseEvent> = fromEventSource('https://example.com/', {
  state: { next: (state) => states.push(state) },
})
const messages: Observable<SseMessage> = events.pipe(
  decode(z.object({ at: z.number(), n: z.number() })),
  data(),
  windowAggregate(tumbling('1s'), {
    timestamp: (reading) => reading.at,
    aggregates: (a) => ({ sum: a.sum((reading) => reading.n) }),
  }),
  toMessage({ type: 'sum' }),
)
// @ts-expect-error The types are there: an `any` would let this pass.
const wrong: Observable<number> = events

export const sink = createSink({ log: redisLog({ url: 'redis://127.0.0.1' }) })
messages.subscribe(sink)
createServer(sink.handler)
export const code = (error: EventSourceError): string => error.code
export {
  chromiumPath,
  createScriptedServer,
  eventStreamCases,
  fileStore,
  instrumentSink,
  sinkFromConfig,
  sourceFromConfig,
  sqliteStore,
  toRecordBatches,
  wrong,
}
