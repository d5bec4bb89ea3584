import { publicUrl } from '../request/url.ts'
import type {
  Transport,
  TransportConnection,
  TransportErrorCode,
  TransportHandler,
  TransportRequest,
  TransportResponse,
} from './transport.ts'

/** Follows redirects for a transport that does not: the rules of the Fetch standard, "HTTP-redirect fetch". */
export function followRedirects(transport: Transport): Transport {
  return { open: (request, handler) => new RedirectedExchange(transport, request, handler) }
}

const maxHops = 20

class RedirectedExchange implements TransportConnection, TransportHandler {
  private readonly transport: Transport
  private readonly handler: TransportHandler
  private request: TransportRequest
  private exchange: TransportConnection
  private hops = 0
  private paused = false

  constructor(transport: Transport, request: TransportRequest, handler: TransportHandler) {
    this.transport = transport
    this.handler = handler
    this.request = request
    this.exchange = transport.open(request, this)
  }

  pause(): void {
    this.paused = true
    this.exchange.pause()
  }

  resume(): void {
    this.paused = false
    this.exchange.resume()
  }

  abort(): void {
    this.exchange.abort()
  }

  onResponse(response: TransportResponse): void {
    const { location } = response.headers
    if (redirects.has(response.status) && location !== undefined) this.follow(response.status, location)
    else this.handler.onResponse(response)
  }

  onData(bytes: Uint8Array): void {
    this.handler.onData(bytes)
  }

  onEnd(): void {
    this.handler.onEnd()
  }

  onError(code: TransportErrorCode, cause: unknown): void {
    this.handler.onError(code, cause)
  }

  private follow(status: number, location: string): void {
    this.exchange.abort()
    try {
      this.request = this.nextRequest(status, location)
      this.exchange = this.transport.open(this.request, this)
      if (this.paused) this.exchange.pause()
    } catch (error) {
      this.handler.onError('redirect', error)
    }
  }

  private nextRequest(status: number, location: string): TransportRequest {
    const from = this.request
    const url = target(location, from.url)
    const where = `${status} from ${publicUrl(from.url)} to ${publicUrl(url)}`
    if (from.redirect === 'error') throw new Error(`${where}, and the redirect option is 'error'`)
    this.hops += 1
    if (this.hops > maxHops) throw new Error(`more than ${maxHops} in a row, the last one ${where}`)
    const asGet =
      (status === 303 && from.method !== 'GET' && from.method !== 'HEAD') ||
      ((status === 301 || status === 302) && from.method === 'POST')
    const sameOrigin = url.origin === from.url.origin
    const body = asGet ? undefined : from.body
    // A secret of the caller's can be in any header, not in `Authorization` alone, and in a body as well.
    if (!sameOrigin && body !== undefined)
      throw new Error(`${where}, another origin, which must not get the body`)
    const headers = sameOrigin ? from.headers : from.crossOriginHeaders
    return {
      ...from,
      url,
      body,
      method: asGet ? 'GET' : from.method,
      headers: asGet ? withoutBodyHeaders(headers) : headers,
    }
  }
}

const redirects: ReadonlySet<number> = new Set([301, 302, 303, 307, 308])

function target(location: string, base: URL): URL {
  let url: URL
  try {
    url = new URL(asUtf8(location), base)
  } catch {
    throw new Error('its Location is not a URL')
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new Error(`its Location is a URL of ${url.protocol}, not http or https`)
  }
  if (url.username !== '' || url.password !== '')
    throw new Error('its Location has a user or a password in it')
  url.hash = ''
  return url
}

/** A field's characters are bytes. Browsers read those of a `Location` as UTF-8; where they are none, they stay Latin-1. */
function asUtf8(field: string): string {
  if (/[^ -\xff]/.test(field)) return field
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Uint8Array.from(field, (c) => c.charCodeAt(0)))
  } catch {
    return field
  }
}

function withoutBodyHeaders(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !bodyHeaders.has(name)))
}

const bodyHeaders: ReadonlySet<string> = new Set([
  'content-encoding',
  'content-language',
  'content-length',
  'content-location',
  'content-type',
])
