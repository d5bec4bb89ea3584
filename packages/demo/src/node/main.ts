// A node: it runs the pipeline, and serves the results and the page. It is a process of its own, so that it can be killed.
// With workers, this process runs the pipeline, and the workers, which run this program too, serve.
import cluster from 'node:cluster'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { inspect } from '@rxsse/inspector'
import { createSink } from '@rxsse/server'
import {
  closeAsChild,
  failAsChild,
  listenAsChild,
  readChildConfig,
  tellSupervisor,
} from '../process/child.ts'
import { type Supervised, supervise } from '../process/supervise.ts'
import { createRequestHandler } from '../web/request-handler.ts'
import { runAnySource } from './run-any-source.ts'
import { runReplay } from './run-replay.ts'
import type { RunningPipeline } from './running-pipeline.ts'
import { openPrimaryInspector, openWorkerInspector } from './shared-inspector.ts'
import { openFiles, openRedis } from './storage.ts'

export interface NodeConfig {
  /** Such as `node 1 of 2`. Empty if there is only one. */
  readonly name: string
  /** Whether it may run the pipeline. Nodes that may agree on one through their store. */
  readonly runs: boolean
  /** The number of processes that serve in its place. 0: it serves itself. */
  readonly workers: number
  /** The SSE endpoint that the pipeline reads. */
  readonly url: string
  /** What the page says about the replay. Undefined with a source of the viewer's. */
  readonly replay: string | undefined
  readonly by: string | undefined
  /** The Redis that keeps the data. Undefined: `folder` does. */
  readonly redis: string | undefined
  readonly folder: string
}

/** A worker has a number, and the port of its primary's inspector. */
const config = readChildConfig<NodeConfig & { readonly worker?: number; readonly inspectorPort?: number }>()
const { url, by, replay, redis, folder, workers, worker, inspectorPort } = config
const isWorker = worker !== undefined
const storage =
  redis === undefined
    ? openFiles(folder)
    : openRedis(redis, replay !== undefined, (error) => warn('Redis', error))
const name = isWorker ? `worker ${worker} of ${workers}` : config.name
const sink = createSink({
  log: storage.log,
  greeting: { type: 'node', data: { name, pid: process.pid } },
  heartbeat: { interval: '15s' },
  retry: '1s',
  allowEarliest: true,
  onError: (error) => warn('the sink', error),
})
const pipeline = config.runs && !isWorker ? runPipeline() : undefined

if (workers > 0 && !isWorker) runWorkers().catch(failAsChild)
else serve()

function runPipeline(): RunningPipeline {
  if (replay === undefined) return runAnySource({ url, by, sink })
  return runReplay({
    url,
    source: replay,
    sink,
    store: storage.openStore(),
    onError: (error) => warn('the pipeline', error),
  })
}

function serve(): void {
  const inspector =
    inspectorPort === undefined
      ? inspect({ sinks: { results: sink }, ...pipeline?.inspected })
      : openWorkerInspector(name, sink, inspectorPort)
  const server = createServer(createRequestHandler({ log: storage.log, sink, inspector }))
  closeAsChild(async () => {
    pipeline?.close()
    server.close()
    await Promise.all([sink.close({ drain: DRAIN }), inspector.close()])
  })
  listenAsChild(server, { port: config.port })
}

async function runWorkers(): Promise<void> {
  const running: Supervised[] = []
  const tellProcesses = (): void => tellSupervisor({ workers: running.flatMap(({ processes }) => processes) })
  const inspectorOpens = openPrimaryInspector(pipeline?.inspected)
  closeAsChild(async () => {
    pipeline?.close()
    await Promise.all(running.map((each) => each.stop()))
    await Promise.all([sink.close({ drain: 0 }), inspectorOpens.then((inspector) => inspector.close())])
  })
  const inspector = await inspectorOpens
  const port = config.port === 0 ? await findFreePort() : config.port
  const starts = Array.from({ length: workers }, async (_, index) => {
    const worker = index + 1
    const supervised = await supervise({
      name: `Worker ${worker}`,
      port,
      start(port) {
        cluster.setupPrimary({
          args: [JSON.stringify({ ...config, port, worker, inspectorPort: inspector.port })],
        })
        return cluster.fork().process
      },
      onChange: tellProcesses,
    })
    running.push(supervised)
  })
  await Promise.all(starts)
  tellProcesses()
  tellSupervisor({ port })
}

/** Workers share a port only if all of them ask for the same. */
async function findFreePort(): Promise<number> {
  const server = createServer().listen(0)
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  await server[Symbol.asyncDispose]()
  return port
}

function warn(what: string, error: unknown): void {
  console.error(`rxsse: ${what}: ${error instanceof Error ? error.message : String(error)}`)
}

const DRAIN = '2s'
