import cluster, { type Worker } from 'node:cluster'
import { once } from 'node:events'
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type InspectOptions, inspect } from '@rxsse/inspector'
import type { Sink, SinkStats } from '@rxsse/server'

/** What a worker sends to its primary every second. */
interface WorkerReport {
  readonly inspected: { readonly name: string; readonly stats: SinkStats }
}

/** The inspector of the primary shows the pipeline, and the sink of each worker. */
export interface PrimaryInspector {
  /** Only this machine reaches it. */
  readonly port: number
  close(): Promise<void>
}

export async function openPrimaryInspector(inspected: InspectOptions = {}): Promise<PrimaryInspector> {
  const reports = new Map<Worker, WorkerReport['inspected']>()
  const receive = (worker: Worker, message: Partial<WorkerReport>) => {
    if (message.inspected !== undefined) reports.set(worker, message.inspected)
    showSinks()
  }
  const forget = (worker: Worker) => {
    reports.delete(worker)
    showSinks()
  }
  const sinks: Record<string, { stats(): object }> = {}
  cluster.on('message', receive).on('exit', forget)
  const inspector = inspect({ ...inspected, sinks })
  const server = createServer(inspector.handler).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      cluster.off('message', receive).off('exit', forget)
      server.close()
      await inspector.close()
    },
  }

  function showSinks(): void {
    for (const name of Object.keys(sinks)) delete sinks[name]
    for (const { name, stats } of [...reports.values()].sort((a, b) => a.name.localeCompare(b.name)))
      sinks[name] = { stats: () => stats }
  }
}

/** Tells the primary what the sink of this worker does, and passes requests for `/inspector` on to it. */
export function openWorkerInspector(name: string, sink: Sink, port: number) {
  const report = (): void => {
    const message: WorkerReport = { inspected: { name, stats: sink.stats() } }
    if (process.connected) process.send?.(message, undefined, undefined, () => {})
  }
  report()
  const timer = setInterval(report, REPORT_MS)
  return {
    handler: (incoming: IncomingMessage, response: ServerResponse) => passOn(incoming, response, port),
    close: async () => clearInterval(timer),
  }
}

const REPORT_MS = 1_000

function passOn(incoming: IncomingMessage, response: ServerResponse, port: number): void {
  const { method, url, headers, socket } = incoming
  const { remoteAddress = 'unknown' } = socket
  // The inspector answers this machine only, and sees from this header that a request is from another.
  const from = LOOPBACK.test(remoteAddress) ? {} : { 'x-forwarded-for': remoteAddress }
  const outgoing = request(
    { host: '127.0.0.1', port, method, path: url, headers: { ...headers, ...from } },
    (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(response)
      answer.on('error', () => response.destroy())
    },
  )
  // The primary has died, and this worker is about to.
  outgoing.on('error', () => response.destroy())
  response.on('close', () => outgoing.destroy())
  outgoing.end()
}

const LOOPBACK = /^(?:::1|(?:::ffff:)?127(?:\.\d+){3})$/
