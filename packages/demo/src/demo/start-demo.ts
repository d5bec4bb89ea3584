import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { fromEventSource } from '@rxsse/core'
import { inspect, type WatchedSource, watchSource } from '@rxsse/inspector'
import type { SseEvent, Stage } from '@rxsse/operators'
import { type Observable, tap } from 'rxjs'
import type { DemoOptions } from '../command-line/options.ts'
import type { FeedConfig } from '../feed/main.ts'
import type { Messages } from '../messages/messages.ts'
import { createAnySourcePipeline } from '../pipeline/any-source-pipeline.ts'
import { type Counts, countEvents, createCounts, trackUpstream } from '../pipeline/counts.ts'
import { createReplayPipeline } from '../pipeline/replay-pipeline.ts'
import { type Supervised, supervise } from '../process/supervise.ts'
import { clearLogs, openMemoryLogs, openRedisLogs } from '../web/logs.ts'
import type { NodeConfig } from '../web/node.ts'
import { createRequestHandler } from '../web/request-handler.ts'
import { createResultSinks, type ResultSinks } from '../web/result-sinks.ts'

const STATUS_INTERVAL_MS = 1_000

export interface Demo {
  readonly url: string
  /** The feed's process id while it runs. */
  readonly feedPid: number | undefined
  /** The other nodes, each with its process id while it runs. */
  readonly otherNodes: readonly { readonly url: string; readonly pid: number | undefined }[]
  status(): Messages['status']
  /** Tells every client when to reconnect, sends what is queued for it, and stops every process. */
  close(): Promise<void>
}

/**
 * Starts the feed, the pipeline, the sinks and the page. Rejects if a port is taken, Redis is unavailable
 * or the feed does not start. Calls `onRedisError` if Redis fails later.
 */
export async function startDemo(options: DemoOptions, onRedisError: (error: unknown) => void): Promise<Demo> {
  const { speed, source, redis, nodes } = options
  await using starting = new AsyncDisposableStack()
  const handler = Promise.withResolvers<RequestListener>()
  const server = createServer(async (request, response) => (await handler.promise)(request, response))
  // First of all: if the port is taken, nothing else starts.
  const port = await listen(server, options.port)
  starting.defer(() => {
    server.close()
    server.closeAllConnections()
  })
  if (redis !== undefined) {
    await clearLogs(redis.href)
    starting.defer(() => clearLogs(redis.href).catch(onRedisError))
  }

  const counts = createCounts()
  const names = source === undefined ? ['quakes', 'alerts', 'prices'] : ['counts', 'samples']
  const resultSinks = createResultSinks({
    names,
    openLog: redis === undefined ? openMemoryLogs() : openRedisLogs(redis.href, onRedisError),
    ...(nodes > 1 && { node: { number: 1, of: nodes, pid: process.pid } }),
    onLost: () => counts.dropped++,
  })
  const otherNodes: Supervised[] = []
  // Together, because each waits until its clients have read what is queued.
  starting.defer(async () => {
    server.close()
    await Promise.all([resultSinks.close('2s'), ...otherNodes.map((node) => node.stop())])
  })
  for (let number = 2; redis !== undefined && number <= nodes; number++) {
    const nodePort = options.port === 0 ? 0 : port + number - 1
    otherNodes.push(await startNode({ redis: redis.href, names, number, of: nodes }, nodePort))
  }

  const feed = source === undefined ? await startFeed(speed) : undefined
  starting.defer(() => feed?.stop())
  const url = source?.href ?? `http://127.0.0.1:${feed?.port}/feed`
  const status = (): Messages['status'] => ({
    source: feed === undefined ? url : describeReplay(speed),
    replay: feed !== undefined,
    connection: upstream.now(),
    counts: { ...counts },
  })
  const publishStatus = (): void => resultSinks.publishToPage({ type: 'status', data: status() })
  const upstream = trackUpstream(counts, publishStatus)
  const watched = watchSource({ state: upstream })
  const pipelines = serveResults(readEvents(url, watched), options, counts, resultSinks)
  const inspector = inspect({ sources: { feed: watched }, pipelines, sinks: resultSinks.sinks })
  starting.defer(() => inspector.close())
  handler.resolve(createRequestHandler({ ...resultSinks, inspector }))
  const statusTimer = setInterval(publishStatus, STATUS_INTERVAL_MS)
  starting.defer(() => clearInterval(statusTimer))

  const started = starting.move()
  return {
    url: `http://localhost:${port}`,
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

async function listen(server: Server, port: number): Promise<number> {
  server.listen(port)
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

function startNode(config: NodeConfig, port: number): Promise<Supervised> {
  const entry = fileURLToPath(new URL('../web/node.js', import.meta.url))
  return supervise({ name: `node ${config.number}`, entry, config, port })
}

function startFeed(speed: number): Promise<Supervised> {
  const config: FeedConfig = { speed, origin: Date.now() }
  const entry = fileURLToPath(new URL('../feed/main.js', import.meta.url))
  return supervise({ name: 'the feed', entry, config })
}

function describeReplay(speed: number): string {
  return `A week of earthquakes and twenty years of prices, ${speed.toLocaleString('en')} times as fast`
}

function readEvents(url: string, watched: WatchedSource): Observable<SseEvent> {
  return fromEventSource(url, {
    ...watched,
    headers: { 'user-agent': 'rxsse-demo (https://github.com/rxsse/rxsse)' },
    // A killed feed is back within seconds, and the viewer should see that.
    reconnect: { maxDelay: '2s' },
  })
}

/** Runs the events through the pipeline of this mode and serves its results. Returns its stages. */
function serveResults(
  events: Observable<SseEvent>,
  { source, by }: DemoOptions,
  counts: Counts,
  resultSinks: ResultSinks,
): Readonly<Record<string, readonly Stage[]>> {
  const onDropped = (): number => counts.dropped++
  const onResult = (): number => counts.out++
  if (source === undefined) {
    const counted = events.pipe(countEvents(counts))
    const { quakes, alerts, prices, moves, stages } = createReplayPipeline(counted, onDropped)
    resultSinks.serve('quakes', { quakes }, onResult)
    resultSinks.serve('alerts', { alert: alerts }, onResult)
    resultSinks.serve('prices', { price: prices, move: moves }, onResult)
    return stages
  } else {
    const counted = events.pipe(tap(() => counts.in++))
    const { counts: windows, samples, stages } = createAnySourcePipeline(counted, by, onDropped)
    resultSinks.serve('counts', { count: windows }, onResult)
    resultSinks.serve('samples', { sample: samples }, onResult)
    return stages
  }
}
