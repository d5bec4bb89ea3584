import cluster from 'node:cluster'
import { type AddressInfo, createServer } from 'node:net'
import { type Duration, LONGEST_TIMER, parseTimeout, requireInteger } from '@rxsse/shared'
import { asyncScheduler, type SchedulerLike } from 'rxjs'
import { createClock } from '../connection/clock.ts'
import type { CloseOptions } from '../connection/drain.ts'
import { settleAll } from '../connection/settle.ts'
import { createErrorReporter } from '../sink/errors.ts'
import type { Sink } from '../sink/sink.ts'
import type { SinkStats } from '../sink/stats.ts'
import { type Order, Supervisor } from './supervisor.ts'

export interface WorkersOptions {
  readonly workers: number
  readonly host: string
  readonly port: number
  readonly basePath: string
  readonly reusePort: boolean
  readonly maxRestartDelay?: Duration
  readonly onError?: (error: unknown) => void
  readonly scheduler?: SchedulerLike
  readonly sinks: Readonly<Record<string, Pick<Sink, 'close' | 'stats'>>>
}

/** What serves the sinks: all workers, as the primary sees them, or the worker that asks. */
export interface SinkWorkers {
  readonly port: number
  /** Such as `http://127.0.0.1:8080/sse`. */
  readonly url: string
  /** In the primary: how many workers have ended and been replaced. */
  readonly restarts: number
  /**
   * By the id of the sink. In the primary: the sums of all processes. A worker that does not answer within 5 seconds is missing
   * in them, and `onError` gets its process id.
   */
  stats(): Promise<Readonly<Record<string, SinkStats>>>
  /** In the primary: closes every worker, which drains its clients, then the primary's sinks. */
  close(options?: CloseOptions): Promise<void>
}

/** Serves in this process. */
type ServeHere = (port: number) => Promise<Omit<SinkWorkers, 'stats' | 'restarts'>>

/** `serveSinks` with `workers`. */
export function serveInWorkers(options: WorkersOptions, serveHere: ServeHere): Promise<SinkWorkers> {
  requireInteger(options.workers, 'serveSinks: workers', 0)
  if (options.workers === 0 || cluster.isWorker) return serveInThisProcess(options, serveHere)
  return superviseWorkers(options)
}

/** Names the channel to the workers. No `clusterLog` has this name. */
const CHANNEL = 'rxsse serveSinks()'

async function serveInThisProcess(options: WorkersOptions, serveHere: ServeHere): Promise<SinkWorkers> {
  const { sinks } = options
  const chosen = options.port === 0 && cluster.isWorker ? process.env[PORT_VARIABLE] : undefined
  const { port, url, close } = await serveHere(Number(chosen ?? options.port))
  const stats = () => readStats(sinks)
  if (cluster.isWorker) {
    process.on('message', answer)
    tell({ rxsse: CHANNEL, port })
  }
  return { port, url, restarts: 0, stats: async () => stats(), close }

  async function answer(message: unknown): Promise<void> {
    const { rxsse, n, close: closeOptions } = Object(message) as Partial<Order> & { close?: CloseOptions }
    if (rxsse !== CHANNEL) return
    if (closeOptions === undefined) {
      tell({ rxsse: CHANNEL, n, stats: stats() })
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

/** Whether this process has workers that serve sinks. */
let isSupervising = false

async function superviseWorkers(options: WorkersOptions): Promise<SinkWorkers> {
  const { host, port: wanted, basePath, sinks, maxRestartDelay = '30s' } = options
  const maxDelay = parseTimeout(maxRestartDelay, 'serveSinks: maxRestartDelay')
  if (isSupervising)
    throw new Error('serveSinks: workers serve already; give all sinks to one call, or close it before')
  isSupervising = true
  const supervisor = new Supervisor({
    cluster,
    workers: options.workers,
    channel: CHANNEL,
    maxDelay,
    clock: createClock(options.scheduler ?? asyncScheduler),
    onError: createErrorReporter(options.onError),
  })
  let port: number
  try {
    // A port in use is told here, once, and not by each worker.
    const free = await findFreePort(host, wanted)
    port = await supervisor.start(wanted === 0 ? { [PORT_VARIABLE]: String(free) } : {})
  } catch (error) {
    isSupervising = false
    throw error
  }
  let closing: Promise<void> | undefined
  return {
    port,
    url: `http://${host.includes(':') ? `[${host}]` : host}:${port}${basePath}`,
    get restarts() {
      return supervisor.restarts
    },
    async stats() {
      const answers = (await supervisor.askAll({ stats: true })) as ({ stats?: Stats } | undefined)[]
      return addStats([readStats(sinks), ...answers.map((answer) => answer?.stats ?? {})])
    },
    close(closeOptions = {}) {
      const { finish = 0, drain = '5s' } = closeOptions
      const time = parseTimeout(finish, 'close: finish') + parseTimeout(drain, 'close: drain')
      closing ??= close(closeOptions, Math.min(time + GRACE_MS, LONGEST_TIMER))
      return closing
    },
  }

  async function close(options: CloseOptions, patience: number): Promise<void> {
    await supervisor.close({ close: options }, patience)
    isSupervising = false
    await settleAll(Object.values(sinks).map((sink) => sink.close(options)))
  }
}

type Stats = Readonly<Record<string, SinkStats>>

/** What a worker may take to exit after its clients have gone. */
const GRACE_MS = 5_000

/** All workers, also those that come later, have to ask for the same port. Rejects if it is in use. */
async function findFreePort(host: string, wanted: number): Promise<number> {
  // Clients may be knocking already.
  const server = createServer((socket) => socket.destroy())
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
