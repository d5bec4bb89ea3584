import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { type ConnectionState, fromEventSource } from '@rxsse/core'
import type { SseEvent } from '@rxsse/operators'
import { type NextObserver, type Observable, tap } from 'rxjs'
import { anySourcePipeline } from './any-source-pipeline.ts'
import { countEvents, noCounts, trackUpstream } from './counts.ts'
import type { FeedConfig } from './feed/main.ts'
import { createExhibition } from './live/exhibition.ts'
import { liveHandler } from './live/live-handler.ts'
import { clearLogs, logsInMemory, logsInRedis } from './live/logs.ts'
import type { NodeConfig } from './live/node.ts'
import type { Messages } from './messages.ts'
import type { DemoOptions } from './options.ts'
import { type Supervised, supervise } from './process/supervise.ts'
import { replayPipeline } from './replay-pipeline.ts'

export interface Demo {
  readonly url: string
  /** Of the feed, while it runs. */
  readonly feedPid: number | undefined
  /** The nodes besides this process, with the process id of each while it runs. */
  readonly otherNodes: readonly { readonly url: string; readonly pid: number | undefined }[]
  status(): Messages['status']
  /** Tells every client when to come back, lets it read what is on its way, and ends all that was started. */
  close(): Promise<void>
}

/**
 * Starts the whole line: feed, pipeline, sinks and page. Rejects where a port is taken, Redis cannot be used or the feed does not start.
 * `trouble` is told when Redis goes away later.
 */
export async function startDemo(
  { port, speed, source, by, redis, nodes }: DemoOptions,
  trouble: (error: unknown) => void,
): Promise<Demo> {
  await using starting = new AsyncDisposableStack()
  const handler = Promise.withResolvers<RequestListener>()
  const server = createServer(async (request, response) => (await handler.promise)(request, response))
  // Before anything else starts: where the port is taken, this is the only thing to say.
  server.listen(port)
  await once(server, 'listening')
  starting.defer(() => {
    server.close()
    server.closeAllConnections()
  })
  const { port: bound } = server.address() as AddressInfo
  if (redis !== undefined) {
    await clearLogs(redis.href)
    starting.defer(() => clearLogs(redis.href).catch(trouble))
  }

  const counts = noCounts()
  const dropped = (): void => {
    counts.dropped += 1
  }
  const names = source === undefined ? ['quakes', 'alerts', 'prices'] : ['counts', 'samples']
  const exhibition = createExhibition({
    names,
    openLog: redis === undefined ? logsInMemory() : logsInRedis(redis.href, trouble),
    ...(nodes > 1 && { node: { number: 1, of: nodes, pid: process.pid } }),
    lost: dropped,
  })
  handler.resolve(liveHandler(exhibition))
  const otherNodes: Supervised[] = []
  // All at once, for each gives its clients time to read what is on its way.
  starting.defer(async () => {
    server.close()
    await Promise.all([exhibition.close('2s'), ...otherNodes.map((node) => node.stop())])
  })

  for (let number = 2; redis !== undefined && number <= nodes; number++) {
    const config: NodeConfig = { redis: redis.href, names, number, of: nodes }
    const entry = fileURLToPath(new URL('./live/node.js', import.meta.url))
    const next = port === 0 ? 0 : bound + number - 1
    otherNodes.push(await supervise({ what: `node ${number}`, entry, config, port: next }))
  }

  const feed = source === undefined ? await startFeed(speed) : undefined
  starting.defer(() => feed?.stop())
  const url = source?.href ?? `http://127.0.0.1:${feed?.port}/feed`
  const status = (): Messages['status'] => ({
    source:
      feed === undefined
        ? url
        : `A week of earthquakes and twenty years of prices, ${speed.toLocaleString('en')} times as fast`,
    replay: feed !== undefined,
    connection: upstream.now(),
    counts: { ...counts },
  })
  const tellStatus = (): void => exhibition.tellPage({ type: 'status', data: status() })
  const upstream = trackUpstream(counts, tellStatus)
  const told = (): void => {
    counts.out += 1
  }

  if (feed !== undefined) {
    const events = read(url, upstream).pipe(countEvents(counts))
    const { quakes, alerts, prices, moves } = replayPipeline(events, dropped)
    exhibition.expose('quakes', { quakes }, told)
    exhibition.expose('alerts', { alert: alerts }, told)
    exhibition.expose('prices', { price: prices, move: moves }, told)
  } else {
    const events = read(url, upstream).pipe(tap(() => counts.in++))
    const { counts: counted, samples } = anySourcePipeline(events, by, dropped)
    exhibition.expose('counts', { count: counted }, told)
    exhibition.expose('samples', { sample: samples }, told)
  }
  const everySecond = setInterval(tellStatus, 1_000)
  starting.defer(() => clearInterval(everySecond))

  const started = starting.move()
  return {
    url: `http://localhost:${bound}`,
    get feedPid() {
      return feed?.pid
    },
    get otherNodes() {
      return otherNodes.map(({ port, pid }) => ({ url: `http://localhost:${port}`, pid }))
    },
    status,
    close: () => started.disposeAsync(),
  }
}

function startFeed(speed: number): Promise<Supervised> {
  const config: FeedConfig = { speed, origin: Date.now() }
  return supervise({
    what: 'the feed',
    entry: fileURLToPath(new URL('./feed/main.js', import.meta.url)),
    config,
  })
}

function read(url: string, state: NextObserver<ConnectionState>): Observable<SseEvent> {
  return fromEventSource(url, {
    state,
    headers: { 'user-agent': 'rxsse-demo (https://github.com/rxsse/rxsse)' },
    // A replay that was killed is back within seconds, and whoever watches wants to see it.
    reconnect: { maxDelay: '5s' },
  })
}
