// A program on several processes, for tests: the primary does what its parent says, and the workers serve.
// Arguments: the number of workers, the path of a database (or '' for memory), the kind of serialization, the port,
// and whether workers listen by themselves.
import cluster from 'node:cluster'
import { flushCompileCache } from 'node:module'
import { serveSinks } from '../src/adapter/serve-sinks.ts'
import { clusterLog } from '../src/cluster/index.ts'
import { memoryLog } from '../src/log/memory-log.ts'
import { sqliteLog } from '../src/log/sqlite-log.ts'
import { createSink } from '../src/sink/sink.ts'
import type { Answer, Order } from './cluster-program-control.ts'

const [workers = '2', path = '', serialization = 'json', port = '0', reusePort = 'false'] =
  process.argv.slice(2)
if (cluster.isPrimary) cluster.setupPrimary({ serialization: serialization as 'json' | 'advanced' })

const log = clusterLog({
  log: () => (path === '' ? memoryLog({ capacity: 1_000_000 }) : sqliteLog({ path, capacity: 1_000_000 })),
})
const sink = createSink({
  log,
  retry: 50,
  heartbeat: { interval: 500 },
  identify: (request) => request.url.searchParams.get('as') ?? undefined,
  rooms: { authorize: () => true },
  // A worker that was stopped has much to tell at once.
  slowClient: { policy: 'disconnect' },
  limits: { connectionsPerKey: 2, across: log.permits },
})

process.on('message', async ({ n, worker, ...order }: Order) => {
  if (typeof n !== 'number') return
  if (cluster.isPrimary && worker !== undefined) return forward({ n, ...order }, worker)
  const say = (answer: Omit<Answer, 'n'>) => void process.send?.({ n, ...answer })
  try {
    if (order.publish !== undefined) {
      const { data, type, target, sourceId } = order.publish
      const message = type === undefined ? { data } : { data, type }
      const { id } = await sink.publish(message, target, sourceId === undefined ? {} : { sourceId })
      say({ id: id ?? '' })
    } else if (order.disconnect !== undefined) {
      await sink.disconnect(order.disconnect)
      say({ id: '' })
    } else if (order.since !== undefined) say({ page: await log.since(order.since, { limit: 1_000 }) })
    else if (order.stats) say({ stats: await (await serving).stats() })
    else if (order.workers)
      say({ workers: Object.values(cluster.workers ?? {}).flatMap((w) => w?.process.pid ?? []) })
    else if (order.hang) for (const until = Date.now() + order.hang; Date.now() < until; );
    else if (order.executable !== undefined) {
      process.execPath = order.executable
      say({ id: '' })
    } else if (order.close) {
      await (await serving).close({ drain: 100 })
      say({ closed: true })
    }
  } catch (error) {
    say({ error: String(error), cause: String(error instanceof Error ? error.cause : '') })
  }
})
// Without this the test's end would leave the primary behind.
if (cluster.isPrimary) process.on('disconnect', () => process.exit())

// The tail has been asked for before: a client that finds the port gets all that is published from then on.
await log.head()
const serving = serveSinks({
  workers: Number(workers),
  port: Number(port),
  reusePort: reusePort === 'true',
  // Tests kill them on purpose.
  maxRestartDelay: 100,
  onError() {},
  sinks: { events: sink },
})
const { url, port: bound } = await serving
// It may be killed, and would not save it then.
flushCompileCache()
if (cluster.isPrimary) {
  process.send?.({ url, port: bound, origin: (await log.head()).id })
} else process.send?.({ pid: process.pid })

function forward(order: Order, pid: number): void {
  const worker = Object.values(cluster.workers ?? {}).find((each) => each?.process.pid === pid)
  if (worker === undefined || !worker.isConnected())
    return void process.send?.({ n: order.n, error: 'no such worker' })
  const answered = (answer: Answer) => {
    if (answer.n !== order.n || 'rxsse' in answer) return
    done(answer)
  }
  const gone = () => done({ n: order.n, error: 'the worker died' })
  const done = (answer: Answer) => {
    worker.off('message', answered)
    worker.off('disconnect', gone)
    worker.off('exit', gone)
    process.send?.(answer)
  }
  worker.setMaxListeners(0).on('message', answered)
  worker.on('disconnect', gone)
  // Alone for some that are killed.
  worker.on('exit', gone)
  worker.send(order, undefined, () => {})
}
