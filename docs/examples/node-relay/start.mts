import { createServer } from 'node:http'
import { fromEventSource } from '@rxsse/core'
import { data, decodeJson, toMessage, tumbling, windowAggregate } from '@rxsse/operators'
import { createSink, memoryLog, serveSinks } from '@rxsse/server'
import { interval, map, share, tap } from 'rxjs'

// A feed to try. It cuts all connections every two seconds.
const feed = createSink({ log: memoryLog({ capacity: 1_000 }) })
interval(200)
  .pipe(map((n) => ({ n, price: 100 + (n % 7), time: Date.now() })))
  .subscribe({ next: (data) => feed.next({ type: 'price', data }) })
setInterval(() => feed.disconnect('all', { retry: '500ms' }), 2_000)
createServer(feed.handler).listen(8081)

// The relay: it reads the feed, and serves an average of each second.
type Price = { n: number; price: number; time: number }
const prices = fromEventSource('http://localhost:8081').pipe(decodeJson<Price>(), data(), share())
const averages = prices.pipe(
  windowAggregate(tumbling('1s'), {
    timestamp: ({ time }) => time,
    aggregates: (a) => ({
      from: a.min(({ n }) => n),
      to: a.max(({ n }) => n),
      average: a.avg(({ price }) => price),
    }),
  }),
  tap(({ value }) => console.log(`prices ${value.from} to ${value.to}`)),
  toMessage({ type: 'average' }),
)
const relay = createSink({ log: memoryLog({ capacity: 10_000 }) })
averages.subscribe(relay)
const { url } = await serveSinks({ sinks: { averages: relay } })
console.log(`curl -N ${url}/averages`)
