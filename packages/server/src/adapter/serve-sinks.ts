import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { CloseOptions } from '../connection/drain.ts'
import type { Sink } from '../sink/sink.ts'
import { ownHandler } from './node.ts'
import type { NodeRequest, NodeResponse } from './node-request.ts'

export interface ServeSinksOptions {
  /** The address to listen at. Default `'127.0.0.1'`; `'0.0.0.0'` or `'::'` for every interface. */
  readonly host?: string
  /** Default 8080; 0 takes a free one. */
  readonly port?: number
  /** Where the sinks are: `{basePath}/{id}`. Default `'/sse'`; a trailing slash is ignored. */
  readonly basePath?: string
  readonly sinks: Readonly<Record<string, Pick<Sink, 'handler' | 'close'>>>
  /** Answers 200 while the server takes requests, 503 while it drains. Default `'/health'`; `false` for none. */
  readonly health?: string | false
}

export interface SinkServer {
  readonly server: Server
  readonly port: number
  /** Such as `http://127.0.0.1:8080/sse`. */
  readonly url: string
  /** Closes every sink, draining its clients, then the server. */
  close(options?: CloseOptions): Promise<void>
}

/**
 * An HTTP server for sinks alone: `GET {basePath}/{id}` is the sink of that name, everything else 404.
 * Resolves when it listens; rejects where the address is taken.
 */
export async function serveSinks(options: ServeSinksOptions): Promise<SinkServer> {
  const { host = '127.0.0.1', port = 8080, health = '/health' } = options
  const basePath = withoutTrailingSlash(options.basePath ?? '/sse')
  const { sinks } = options
  const handlers = new Map(
    Object.entries(sinks).map(([id, { handler }]) => [
      withoutTrailingSlash(`${basePath}/${id}`),
      ownHandler(handler),
    ]),
  )
  let draining = false
  // Loaded here, so that the package can be imported where there is no node:http.
  const { createServer } = await import('node:http')
  const server = createServer(route)
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, resolve)
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
    const path = withoutTrailingSlash(decoded(pathOf(String(request.url))))
    if (path === health) {
      answer(response, draining ? 503 : 200, draining ? 'draining' : 'ok')
      return
    }
    const handler = handlers.get(path)
    if (handler === undefined) answer(response, 404, 'there is no sink of this name')
    else handler(request, response)
  }

  async function close(closeOptions?: CloseOptions): Promise<void> {
    draining = true
    await Promise.all(Object.values(sinks).map((sink) => sink.close(closeOptions)))
    await new Promise<void>((resolve) => {
      server.close(() => resolve())
      server.closeIdleConnections()
    })
  }
}

function answer(response: NodeResponse, status: number, text: string): void {
  response.statusCode = status
  response.setHeader('content-type', 'text/plain; charset=utf-8')
  response.setHeader('cache-control', 'no-store')
  response.end(`${text}\n`)
}

function pathOf(target: string): string {
  return target.replace(/\?.*$/s, '')
}

function withoutTrailingSlash(path: string): string {
  return path.endsWith('/') ? path.slice(0, -1) : path
}

/** A path that is not well-formed names no sink. */
function decoded(path: string): string {
  try {
    return decodeURIComponent(path)
  } catch {
    return path
  }
}
