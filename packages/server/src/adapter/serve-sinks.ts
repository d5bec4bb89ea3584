import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duration } from '@rxsse/shared'
import type { SchedulerLike } from 'rxjs'
import type { SinkWorkers } from '../cluster/serve-in-workers.ts'
import type { CloseOptions } from '../connection/drain.ts'
import { settleAll } from '../connection/settle.ts'
import { ANY, anObject, BOOLEAN, checkOptions, FUNCTION, type OptionChecks } from '../http/check-options.ts'
import type { Sink } from '../sink/sink.ts'
import { preferTakeover } from './node.ts'
import type { NodeRequest, NodeResponse } from './node-request.ts'

export interface ServeSinksOptions {
  /** The address to listen on. Default `'127.0.0.1'`; `'0.0.0.0'` or `'::'` for every interface. */
  readonly host?: string
  /** The port to listen on. Default 8080; 0 chooses a free one. */
  readonly port?: number
  /** The path of the sinks: `{basePath}/{id}`. Default `'/sse'`; a trailing slash is ignored. */
  readonly basePath?: string
  /** The sinks by id. */
  readonly sinks: Readonly<Record<string, Pick<Sink, 'handler' | 'close'>>>
  /**
   * A path that answers 200, or 503 while draining. Default `'/health'`; `false` for none. A trailing
   * slash is ignored.
   */
  readonly health?: string | false
}

export interface ServeInWorkersOptions extends ServeSinksOptions {
  /**
   * How many worker processes serve: `availableParallelism()` of `node:os` for one on each core.
   * 0 serves in this process.
   */
  readonly workers: number
  /**
   * The operating system hands each connection to a worker, not the primary. Then a connection that
   * comes as its worker is killed is reset, and its client comes back at once. Without it, such a
   * connection stays open, and nobody answers. Connections are distributed less evenly. Only where
   * Node can listen with `reusePort`, such as on Linux; elsewhere, this rejects. Default false.
   */
  readonly reusePort?: boolean
  /**
   * The longest delay before a worker that ended is replaced. One that had listened for 10 seconds is
   * replaced at once, others after 100 ms, 200 ms and so on. Default `'30s'`.
   */
  readonly maxRestartDelay?: Duration
  /** Called in the primary for each worker that ended, could not be started, or hangs. Default: `console.error`. */
  readonly onError?: (error: unknown) => void
  /** Drives the delays of the primary. Default: `asyncScheduler`. */
  readonly scheduler?: SchedulerLike
  readonly sinks: Readonly<Record<string, Pick<Sink, 'handler' | 'close' | 'stats'>>>
}

export interface SinkServer {
  readonly server: Server
  readonly port: number
  /** Such as `http://127.0.0.1:8080/sse`. */
  readonly url: string
  /**
   * Closes every sink, which drains its clients, then the server. Rejects afterwards if a sink could
   * not close its log.
   */
  close(options?: CloseOptions): Promise<void>
}

/**
 * Starts an HTTP server that serves only sinks: `GET {basePath}/{id}` is the sink with that id,
 * other paths are 404. Resolves when it listens; rejects if the address is in use.
 *
 * With `workers`, that many processes of this program serve, with `node:cluster`. The primary forks
 * them and replaces those that die. Each worker runs the program, comes to this call and serves.
 * Sinks that share a `clusterLog` deliver what any process publishes. A program has one such call
 * open at a time; a second one rejects. Workers that the program forks itself are left alone.
 */
export function serveSinks(options: ServeInWorkersOptions): Promise<SinkWorkers>
export function serveSinks(options: ServeSinksOptions): Promise<SinkServer>
export async function serveSinks(
  options: ServeSinksOptions | ServeInWorkersOptions,
): Promise<SinkServer | SinkWorkers> {
  checkOptions(options, CHECKS, 'serveSinks: ')
  if (!('workers' in options)) return serveHere(options)
  const { host = '127.0.0.1', port = 8080, reusePort = false, workers } = options
  const basePath = removeTrailingSlash(options.basePath ?? '/sse')
  // Loaded here, so that the package can be imported where there is no node:cluster.
  const { serveInWorkers } = await import('../cluster/serve-in-workers.ts')
  return serveInWorkers({ ...options, host, port, basePath, reusePort }, (bound) =>
    serveHere({ ...options, port: bound }, reusePort && workers > 0),
  )
}

const CHECKS: OptionChecks<ServeInWorkersOptions> = {
  host: ANY,
  port: ANY,
  basePath: ANY,
  sinks: anObject('{ prices: sink }'),
  health: ANY,
  workers: ANY,
  reusePort: BOOLEAN,
  maxRestartDelay: ANY,
  onError: FUNCTION,
  scheduler: ANY,
}

async function serveHere(options: ServeSinksOptions, reusePort = false): Promise<SinkServer> {
  const { host = '127.0.0.1', port = 8080 } = options
  const basePath = removeTrailingSlash(options.basePath ?? '/sse')
  const health = removeTrailingSlash(options.health || '/health')
  const { sinks } = options
  const handlers = new Map(
    Object.entries(sinks).map(([id, { handler }]) => [
      removeTrailingSlash(`${basePath}/${id}`),
      preferTakeover(handler),
    ]),
  )
  let draining = false
  // Imported here, so that the package loads on runtimes without node:http.
  const { createServer } = await import('node:http')
  const server = createServer(route)
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen({ port, host, reusePort }, resolve)
  })
  server.removeAllListeners('error')
  const { port: bound } = server.address() as AddressInfo
  let closing: Promise<void> | undefined
  return {
    server,
    port: bound,
    url: `http://${host.includes(':') ? `[${host}]` : host}:${bound}${basePath}`,
    close(closeOptions) {
      closing ??= close(closeOptions)
      return closing
    },
  }

  function route(request: NodeRequest, response: NodeResponse): void {
    const [target, query] = splitTarget(String(request.url))
    const path = removeTrailingSlash(decodePath(target))
    if (options.health !== false && path === health) {
      sendText(response, draining ? 503 : 200, draining ? 'draining' : 'ok')
      return
    }
    const handler = handlers.get(path)
    if (handler === undefined) sendText(response, 404, 'no sink has this id')
    else {
      // `access` must see the path that chose the sink, not another way to write it.
      request.url = encodeURI(path).replace(/[?#]/g, encodeURIComponent) + query
      handler(request, response)
    }
  }

  async function close(closeOptions?: CloseOptions): Promise<void> {
    draining = true
    await settleAll(Object.values(sinks).map((sink) => sink.close(closeOptions))).finally(closeServer)
  }

  function closeServer(): Promise<void> {
    return new Promise((resolve) => {
      server.close(() => resolve())
      server.closeIdleConnections()
      // Half a request would hold the server until it times out.
      setTimeout(() => server.closeAllConnections(), LAST_RESPONSES_MS).unref()
    })
  }
}

/** Short responses are on their way. Streams have ended. */
const LAST_RESPONSES_MS = 200

function sendText(response: NodeResponse, status: number, text: string): void {
  response.statusCode = status
  response.setHeader('content-type', 'text/plain; charset=utf-8')
  response.setHeader('cache-control', 'no-store')
  response.end(`${text}\n`)
}

/** The path, and the query with its `?` if there is one. */
function splitTarget(target: string): [path: string, query: string] {
  const at = target.indexOf('?')
  return at < 0 ? [target, ''] : [target.slice(0, at), target.slice(at)]
}

function removeTrailingSlash(path: string): string {
  return path.endsWith('/') ? path.slice(0, -1) : path
}

/** A malformed path stays as it is: it names no sink. */
function decodePath(path: string): string {
  try {
    return decodeURIComponent(path)
  } catch {
    return path
  }
}
