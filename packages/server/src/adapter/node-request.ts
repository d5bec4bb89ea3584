import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2'
import type { SinkRequest } from '../http/request.ts'

export type NodeRequest = IncomingMessage | Http2ServerRequest
export type NodeResponse = ServerResponse | Http2ServerResponse

/** A Node request as a {@link SinkRequest}. Its properties are created when first read. */
export function createSinkRequest(request: NodeRequest, response: NodeResponse, raw: unknown): SinkRequest {
  let url: URL | undefined
  let headers: Headers | undefined
  let signal: AbortSignal | undefined
  return {
    raw,
    // Node's type fits a response, too, which has neither method nor url.
    method: String(request.method),
    get url() {
      url ??= resolveUrl(request)
      return url
    },
    get headers() {
      headers ??= createHeaders(request)
      return headers
    },
    get signal() {
      signal ??= createSignal(response)
      return signal
    },
  }
}

/**
 * Whether `URL` would change the path of a request: it removes dot segments, and takes `\` for `/`. A
 * router does neither, so `access` would decide about another path. Clients do both before they send.
 */
export function hasAmbiguousPath(request: NodeRequest): boolean {
  const [path = ''] = readTarget(request).split(/[?#]/, 1)
  return /\\|\/(?:\.|%2e){1,2}(?:\/|$)/i.test(path)
}

/** Express removes the mount point from `url` and keeps the original in `originalUrl`. */
function readTarget(raw: NodeRequest): string {
  return 'originalUrl' in raw && typeof raw.originalUrl === 'string' ? raw.originalUrl : String(raw.url)
}

function resolveUrl(raw: NodeRequest): URL {
  const target = readTarget(raw)
  const scheme = 'encrypted' in raw.socket && raw.socket.encrypted === true ? 'https' : 'http'
  // The client sets the target and the host, so each may be malformed.
  if (!target.startsWith('/')) return parseAbsolute(target) ?? new URL(`${scheme}://localhost/`)
  const host = raw.headers[':authority'] ?? raw.headers.host
  return (
    (isHost(host) ? parse(`${scheme}://${host}${target}`) : undefined) ??
    new URL(`${scheme}://localhost${target}`)
  )
}

/**
 * Whether a text is a host with an optional port (RFC 9110, 7.2; RFC 3986, 3.2.2). In any other
 * text, a `/`, `?` or `#` would make a path or a query of what follows it.
 */
function isHost(host: unknown): host is string {
  return typeof host === 'string' && HOST.test(host)
}

const HOST = /^(?:\[[\da-f:.]+\]|(?:[\w.~!$&'()*+,;=-]|%[\da-f]{2})+)(?::\d*)?$/i

/** The target of a request to a proxy is a whole URL (RFC 9112, 3.2.2). */
function parseAbsolute(target: string): URL | undefined {
  return /^https?:\/\//i.test(target) ? parse(target) : undefined
}

function parse(url: string): URL | undefined {
  return URL.canParse(url) ? new URL(url) : undefined
}

function createHeaders(raw: NodeRequest): Headers {
  const headers = new Headers()
  for (const [name, value] of Object.entries(raw.headers)) {
    // In HTTP/2, the pseudo headers are among them.
    if (value === undefined || name.startsWith(':')) continue
    for (const each of typeof value === 'string' ? [value] : value) headers.append(name, each)
  }
  return headers
}

function createSignal(response: NodeResponse): AbortSignal {
  const controller = new AbortController()
  if (hasLeft(response)) controller.abort()
  else response.once('close', () => controller.abort())
  CONTROLLERS.set(response, controller)
  return controller.signal
}

/** What aborts the signal of a request, if somebody has read it. */
export function findController(response: NodeResponse): AbortController | undefined {
  return CONTROLLERS.get(response)
}

const CONTROLLERS = new WeakMap<NodeResponse, AbortController>()

/** Whether the client has left. In HTTP/2, only the response's stream knows. */
export function hasLeft(response: NodeResponse): boolean {
  const { closed, destroyed } = 'stream' in response ? response.stream : response
  return closed || destroyed
}
