import cluster from 'node:cluster'
import { type AddressInfo, createServer } from 'node:net'
import { parseTimeout, requireInteger } from '@rxsse/shared'
import type { CloseOptions } from '../connection/drain.ts'
import { settleAll } from '../connection/settle.ts'
import type { Sink } from '../sink/sink.ts'
import type { SinkStats } from '../sink/stats.ts'
import { type Order, Supervisor } from './supervisor.ts'

export interface WorkersOptions {
  readonly workers: number
  readonly host: string
  readonly port: number
  readonly basePath: string
  readonly reusePort: boolean
  readonly sinks: Readonly<Record<string, Pick<Sink, 'close' | 'stats'>>>
}

/** What serves the sinks: all workers, as the primary sees them, or the worker that asks. */
export interface SinkWorkers {
  readonly port: number
  /** Such as `http://127.0.0.1:8080/sse`. */
  readonly url: string
  /** By the id of the sink. In the primary: the sums of all processes. */
  stats(): Promise<Readonly<Record<string, SinkStats>>>
  /** In the primary: closes every worker, which drains its clients, then the primary's sinks. */
  close(options?: CloseOptions): Promise<void>
}

/** Serves in this process. */
type ServeHere = (port: number) => Promise<Omit<SinkWorkers, 'stats'>>

/** `serveSinks` with `workers`. */
export function serveInWorkers(options: WorkersOptions, serveHere: ServeHere): Promise<SinkWorkers> {
  requireInteger(options.workers, 'serveSinks: workers', 0)
  const channel = `serveSinks ${options.host}:${options.port}`
  if (options.workers === 0 || cluster.isWorker) return serveInThisProcess(options, serveHere, channel)
  return superviseWorkers(options, channel)
}

async function serveInThisProcess(
  options: WorkersOptions,
  serveHere: ServeHere,
  channel: string,
): Promise<SinkWorkers> {
  const { sinks } = options
  const chosen = options.port === 0 ? process.env[PORT_VARIABLE] : undefined
  const { port, url, close } = await serveHere(Number(chosen ?? options.port))
  const stats = () => readStats(sinks)
  if (cluster.isWorker) {
    process.on('message', answer)
    tell({ rxsse: channel, port })
  }
  return { port, url, stats: async () => stats(), close }

  async function answer(message: unknown): Promise<void> {
    const { rxsse, n, close: closeOptions } = Object(message) as Partial<Order> & { close?: CloseOptions }
    if (rxsse !== channel) return
    if (closeOptions === undefined) {
      tell({ rxsse: channel, n, stats: stats() })
      return
    }
    await close(closeOptions).catch(console.error)
    process.off('message', answer)
    cluster.worker?.disconnect()
    // Something of the program's may keep the process up. Nobody needs it any more.
    setTimeout(() => process.exit(), EXIT_MS).unref()
  }
}

const EXIT_MS = 1_000

/** Tells a worker the port that the primary has chosen for port 0. */
const PORT_VARIABLE = 'RXSSE_CLUSTER_PORT'

async function superviseWorkers(
  { workers, host, port: wanted, basePath, reusePort, sinks }: WorkersOptions,
  channel: string,
): Promise<SinkWorkers> {
  // With `reusePort`, a worker would share a port with another program without an error.
  const free = wanted === 0 || reusePort ? await findFreePort(host, wanted) : wanted
  const env = wanted === 0 ? { [PORT_VARIABLE]: String(free) } : {}
  const supervisor = new Supervisor({ workers, channel, env, onError: console.error })
  const port = await supervisor.start()
  let closing: Promise<void> | undefined
  return {
    port,
    url: `http://${host.includes(':') ? `[${host}]` : host}:${port}${basePath}`,
    async stats() {
      const answers = (await supervisor.askAll({ stats: true })) as ({ stats?: Stats } | undefined)[]
      return addStats([readStats(sinks), ...answers.map((answer) => answer?.stats ?? {})])
    },
    close(options = {}) {
      closing ??= close(options)
      return closing
    },
  }

  async function close(options: CloseOptions): Promise<void> {
    const drain = parseTimeout(options.drain ?? '5s', 'close: drain')
    await supervisor.close({ close: options }, drain + GRACE_MS)
    await settleAll(Object.values(sinks).map((sink) => sink.close(options)))
  }
}

type Stats = Readonly<Record<string, SinkStats>>

/** What a worker may take to exit after its clients have gone. */
const GRACE_MS = 5_000

/** All workers, also those that come later, have to ask for the same port. Rejects if it is in use. */
async function findFreePort(host: string, wanted: number): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(wanted, host, resolve)
  })
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** To the primary, if it lives. */
function tell(message: object): void {
  if (process.connected) process.send?.(message, undefined, undefined, () => {})
}

function readStats(sinks: WorkersOptions['sinks']): Stats {
  return Object.fromEntries(Object.entries(sinks).map(([id, sink]) => [id, sink.stats()]))
}

function addStats(all: readonly Stats[]): Stats {
  const sums: Record<string, Record<string, number>> = {}
  for (const [id, stats] of all.flatMap((each) => Object.entries(each))) {
    const sum = sums[id] ?? {}
    sums[id] = sum
    for (const [name, count] of Object.entries(stats)) sum[name] = (sum[name] ?? 0) + count
  }
  return sums as unknown as Stats
}
