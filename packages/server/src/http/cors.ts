import { type Duration, parseDuration } from '@rxsse/shared'
import { resolveMethods } from './negotiate.ts'
import type { SinkRequest } from './request.ts'
import type { SinkResponse } from './response.ts'

export interface CorsOptions {
  /** The origins that may read, such as `'https://app.example'`, or `'*'` for all of them. */
  readonly origins: '*' | readonly string[] | ((origin: string) => boolean)
  /** Lets browsers send cookies and HTTP credentials. The origins must be named. Default false. */
  readonly credentials?: boolean
  /** Request headers to allow besides `Authorization`, `Cache-Control` and `Last-Event-ID`. */
  readonly headers?: readonly string[]
  /** How long a browser may remember a preflight. Default `'1h'`. */
  readonly maxAge?: Duration
}

export interface Cors {
  /** The headers of every response to this request. */
  headers(request: SinkRequest): Readonly<Record<string, string>>
  /** The response to a preflight, without {@link headers}; undefined for other requests. */
  preflight(request: SinkRequest, methods: readonly string[]): SinkResponse | undefined
}

export function resolveCors(options: CorsOptions | undefined): Cors {
  if (options === undefined) return NO_CORS
  const { origins, credentials = false, maxAge = '1h' } = options
  if (credentials && (origins === '*' || (Array.isArray(origins) && origins.includes('*')))) {
    throw new TypeError(
      "cors.origins must name the origins if cors.credentials is true: with '*' every site could read as its visitor",
    )
  }
  const seconds = Math.floor(parseDuration(maxAge, 'cors.maxAge') / 1000)
  const allowedHeaders = [...STREAM_REQUEST_HEADERS, ...(options.headers ?? [])].join(', ')

  return { headers, preflight }

  function headers(request: SinkRequest): Record<string, string> {
    const origin = request.headers.get('origin')
    if (origins === '*') return { 'access-control-allow-origin': '*' }
    // Also for a forbidden origin: a cache must not send the response for one origin to another.
    if (origin === null || !allows(origin)) return { vary: 'Origin' }
    return {
      vary: 'Origin',
      'access-control-allow-origin': origin,
      ...(credentials ? { 'access-control-allow-credentials': 'true' } : {}),
    }
  }

  function preflight(request: SinkRequest, methods: readonly string[]): SinkResponse | undefined {
    if (request.method !== 'OPTIONS' || !request.headers.has('access-control-request-method'))
      return undefined
    if (headers(request)['access-control-allow-origin'] === undefined) return { status: 204, headers: {} }
    return {
      status: 204,
      headers: {
        'access-control-allow-methods': resolveMethods(methods).join(', '),
        'access-control-allow-headers': allowedHeaders,
        'access-control-max-age': String(seconds),
      },
    }
  }

  function allows(origin: string): boolean {
    if (typeof origins === 'function') return origins(origin)
    return origins.includes(origin) || origins.includes('*')
  }
}

const STREAM_REQUEST_HEADERS = ['Authorization', 'Cache-Control', 'Last-Event-ID']

const NO_CORS: Cors = { headers: () => ({}), preflight: () => undefined }
