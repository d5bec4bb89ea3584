import { publicUrl } from '../request/url.ts'
import type { Transport, TransportConnection, TransportRequest } from './transport.ts'

/** Which redirects a transport follows. */
export interface RedirectRules {
  /** Why no request goes to another origin: something of the caller's may add secrets to it. Undefined if requests may. */
  readonly sameOriginOnly?: string | undefined
}

/** Follows redirects for a transport that does not, by the rules of the Fetch standard, "HTTP-redirect fetch". */
export function followRedirects(transport: Transport, rules: RedirectRules = {}): Transport {
  return {
    open(first, handler) {
      let request = first
      let redirects = 0
      let paused = false
      let exchange = open()
      return {
        pause() {
          paused = true
          exchange.pause()
        },
        resume() {
          paused = false
          exchange.resume()
        },
        abort: () => exchange.abort(),
      }

      function open(): TransportConnection {
        return transport.open(request, {
          onConnected: () => handler.onConnected?.(),
          onResponse(response) {
            const { location } = response.headers
            if (REDIRECT_STATUSES.has(response.status) && location !== undefined) {
              follow(response.status, location)
            } else {
              handler.onResponse(response)
            }
          },
          onData: (bytes) => handler.onData(bytes),
          onEnd: () => handler.onEnd(),
          onError: (code, cause) => handler.onError(code, cause),
        })
      }

      function follow(status: number, location: string): void {
        exchange.abort()
        try {
          request = createRedirectedRequest(request, status, location, ++redirects, rules)
          exchange = open()
          if (paused) exchange.pause()
        } catch (error) {
          handler.onError('redirect', error)
        }
      }
    },
  }
}

const MAX_REDIRECTS = 20
const REDIRECT_STATUSES: ReadonlySet<number> = new Set([301, 302, 303, 307, 308])

function createRedirectedRequest(
  from: TransportRequest,
  status: number,
  location: string,
  redirects: number,
  { sameOriginOnly }: RedirectRules,
): TransportRequest {
  const url = parseLocation(location, from.url)
  const where = `${status} from ${publicUrl(from.url)} to ${publicUrl(url)}`
  if (from.redirect === 'error') throw new Error(`${where}, and the redirect option is 'error'`)
  if (redirects > MAX_REDIRECTS) {
    throw new Error(`more than ${MAX_REDIRECTS} in a row, the last one ${where}`)
  }
  const asGet =
    (status === 303 && from.method !== 'GET' && from.method !== 'HEAD') ||
    ((status === 301 || status === 302) && from.method === 'POST')
  const sameOrigin = url.origin === from.url.origin
  const body = asGet ? undefined : from.body
  if (!sameOrigin && sameOriginOnly !== undefined) {
    throw new Error(`${where}, another origin: ${sameOriginOnly}`)
  }
  // Any header of the caller may hold a secret, not only `Authorization`. So may a body.
  if (!sameOrigin && body !== undefined) {
    throw new Error(`${where}, another origin, which must not get the body`)
  }
  const headers = sameOrigin ? from.headers : from.crossOriginHeaders
  return {
    ...from,
    url,
    body,
    method: asGet ? 'GET' : from.method,
    headers: asGet ? withoutBodyHeaders(headers) : headers,
  }
}

function parseLocation(location: string, base: URL): URL {
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

/** The characters of a header are bytes. Browsers decode a `Location` as UTF-8, or as Latin-1 if it is not UTF-8. */
function asUtf8(field: string): string {
  if (/[^ -\xff]/.test(field)) return field
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Uint8Array.from(field, (c) => c.charCodeAt(0)))
  } catch {
    return field
  }
}

function withoutBodyHeaders(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !BODY_HEADERS.has(name)))
}

const BODY_HEADERS: ReadonlySet<string> = new Set([
  'content-encoding',
  'content-language',
  'content-length',
  'content-location',
  'content-type',
])
