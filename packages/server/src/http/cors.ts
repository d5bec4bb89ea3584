import { type Duration, parseDuration } from '../duration.ts'
import { allowedMethods } from './negotiate.ts'
import type { SinkRequest } from './request.ts'
import type { SinkResponse } from './response.ts'

export interface CorsOptions {
  /** The origins that may read, `'https://app.example'` say, or `'*'` for all of them. */
  readonly origins: '*' | readonly string[] | ((origin: string) => boolean)
  /** Let browsers send cookies and HTTP credentials. Needs origins that are named. Default false. */
  readonly credentials?: boolean
  /** Request headers to allow beside `Authorization`, `Cache-Control` and `Last-Event-ID`. */
  readonly headers?: readonly string[]
  /** How long a browser may remember a preflight. Default `'1h'`. */
  readonly maxAge?: Duration
}

export interface Cors {
  /** What every answer to a request carries. */
  headers(request: SinkRequest): Readonly<Record<string, string>>
  /** The answer to a preflight, {@link headers} aside; undefined where the request is none. */
  preflight(request: SinkRequest, methods: readonly string[]): SinkResponse | undefined
}

export function resolveCors(options: CorsOptions | undefined): Cors {
  if (options === undefined) return NONE
  const { origins, credentials = false, maxAge = '1h' } = options
  if (credentials && (origins === '*' || (Array.isArray(origins) && origins.includes('*')))) {
    throw new TypeError(
      "cors.origins is '*' with credentials: every site could read as its visitor; name the origins",
    )
  }
  const seconds = Math.floor(parseDuration(maxAge, 'cors.maxAge') / 1000)
  const allowedHeaders = [...STREAM_REQUEST_HEADERS, ...(options.headers ?? [])].join(', ')

  return { headers, preflight }

  function headers(request: SinkRequest): Record<string, string> {
    const origin = request.headers.get('origin')
    if (origins === '*') return { 'access-control-allow-origin': '*' }
    // Said whether or not this origin is allowed: a cache must not hand the answer for one to another.
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
        'access-control-allow-methods': allowedMethods(methods).join(', '),
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

const NONE: Cors = { headers: () => ({}), preflight: () => undefined }
