import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2'
import type { SinkRequest } from '../http/request.ts'

export type NodeRequest = IncomingMessage | Http2ServerRequest
export type NodeResponse = ServerResponse | Http2ServerResponse

/** A Node request as every adapter shows it; what is not asked for is not made. */
export function createSinkRequest(request: NodeRequest, response: NodeResponse, raw: unknown): SinkRequest {
  let url: URL | undefined
  let headers: Headers | undefined
  let signal: AbortSignal | undefined
  return {
    raw,
    // Node's type is that of a response, too, which has neither method nor url.
    method: String(request.method),
    get url() {
      url ??= urlOf(request)
      return url
    },
    get headers() {
      headers ??= headersOf(request)
      return headers
    },
    get signal() {
      signal ??= signalOf(response)
      return signal
    },
  }
}

function urlOf(raw: NodeRequest): URL {
  // Express takes the mount point off `url` and keeps the whole in `originalUrl`.
  const target =
    'originalUrl' in raw && typeof raw.originalUrl === 'string' ? raw.originalUrl : String(raw.url)
  const scheme = 'encrypted' in raw.socket && raw.socket.encrypted === true ? 'https' : 'http'
  const host = raw.headers[':authority'] ?? raw.headers.host
  // The target may be in absolute form, and the host is whatever the client says: neither may throw here.
  return (
    parse(target.startsWith('/') ? `${scheme}://${host}${target}` : target) ??
    parse(`${scheme}://localhost${target}`) ??
    new URL(`${scheme}://localhost/`)
  )
}

function parse(url: string): URL | undefined {
  return URL.canParse(url) ? new URL(url) : undefined
}

function headersOf(raw: NodeRequest): Headers {
  const headers = new Headers()
  for (const [name, value] of Object.entries(raw.headers)) {
    // HTTP/2 has its pseudo headers among them.
    if (value === undefined || name.startsWith(':')) continue
    for (const each of typeof value === 'string' ? [value] : value) headers.append(name, each)
  }
  return headers
}

function signalOf(response: NodeResponse): AbortSignal {
  const controller = new AbortController()
  if (hasLeft(response)) controller.abort()
  else response.once('close', () => controller.abort())
  return controller.signal
}

/** Whether the client has gone. An HTTP/2 response does not say; its stream does. */
export function hasLeft(response: NodeResponse): boolean {
  const { closed, destroyed } = 'stream' in response ? response.stream : response
  return closed || destroyed
}
