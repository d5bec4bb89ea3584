import { type Duration, optionError, parseDuration } from '@rxsse/shared'
import { createResultError } from '../sink/callbacks.ts'
import { resolveMethods } from './negotiate.ts'
import type { SinkRequest } from './request.ts'
import type { SinkResponse } from './response.ts'

export interface CorsOptions {
  /**
   * The origins that may read, such as `['https://app.example']`, or `'*'` for all of them. A
   * function decides about one: only a plain `true` allows it.
   */
  readonly origins: '*' | readonly string[] | ((origin: string) => boolean)
  /** Lets browsers send cookies and HTTP credentials. The origins must be named. Default false. */
  readonly credentials?: boolean
  /**
   * Request headers to allow besides `Authorization`, `Cache-Control` and `Last-Event-ID`, and
   * `Content-Type` where a method has a body.
   */
  readonly headers?: readonly string[]
  /** Response headers that scripts may read, such as `['mcp-session-id']`. Default: none more. */
  readonly exposedHeaders?: readonly string[]
  /** How long a browser may remember a preflight. Default `'1h'`. */
  readonly maxAge?: Duration
}

export interface Cors {
  /** The headers of every response to this request. Asks `origins`, so it is called once. */
  headers(request: SinkRequest): Readonly<Record<string, string>>
  /** The response to a preflight, without its {@link headers}; undefined for other requests. */
  preflight(
    request: SinkRequest,
    headers: Readonly<Record<string, string>>,
    methods: readonly string[],
  ): SinkResponse | undefined
}

/** Throws a `TypeError` if an option is wrong. */
export function resolveCors(options: CorsOptions | undefined): Cors {
  if (options === undefined) return NO_CORS
  const { credentials = false, maxAge = '1h' } = options
  const origins = checkOrigins(options.origins)
  if (credentials && (origins === '*' || (Array.isArray(origins) && origins.includes('*')))) {
    throw new TypeError(
      "cors.origins must name the origins if cors.credentials is true: with '*' every site could read as its visitor",
    )
  }
  const seconds = Math.floor(parseDuration(maxAge, 'cors.maxAge') / 1000)
  const ownHeaders = options.headers ?? []
  const exposed = options.exposedHeaders ?? []
  const exposing = exposed.length > 0 ? { 'access-control-expose-headers': exposed.join(', ') } : {}
  const allows = createOriginCheck(origins)

  return {
    headers(request) {
      if (origins === '*') return { 'access-control-allow-origin': '*', ...exposing }
      const origin = request.headers.get('origin')
      // Also for a forbidden origin: a cache must not send the response for one origin to another.
      if (origin === null || !allows(origin)) return { vary: 'Origin' }
      return {
        vary: 'Origin',
        'access-control-allow-origin': origin,
        ...(credentials ? { 'access-control-allow-credentials': 'true' } : {}),
        ...exposing,
      }
    },

    preflight(request, headers, methods) {
      if (request.method !== 'OPTIONS' || !request.headers.has('access-control-request-method'))
        return undefined
      if (headers['access-control-allow-origin'] === undefined) return { status: 204, headers: {} }
      const hasBody = methods.some((method) => !BODILESS.has(method))
      const allowedHeaders = [...STREAM_REQUEST_HEADERS, ...(hasBody ? ['Content-Type'] : []), ...ownHeaders]
      return {
        status: 204,
        headers: {
          'access-control-allow-methods': resolveMethods(methods).join(', '),
          'access-control-allow-headers': allowedHeaders.join(', '),
          'access-control-max-age': String(seconds),
        },
      }
    },
  }
}

function createOriginCheck(origins: CorsOptions['origins']): (origin: string) => boolean {
  if (typeof origins !== 'function') return (origin) => origins.includes(origin) || origins.includes('*')
  return (origin) => {
    const allowed: unknown = origins(origin)
    // A promise would be truthy and so allow every origin.
    if (typeof allowed !== 'boolean') throw createResultError(allowed, 'cors.origins', 'true or false')
    return allowed
  }
}

function checkOrigins(origins: unknown): CorsOptions['origins'] {
  if (origins === '*' || typeof origins === 'function') return origins as CorsOptions['origins']
  if (!Array.isArray(origins)) throw optionError('cors.origins', "'*', a list or a function", origins)
  for (const origin of origins) {
    // A browser sends no path and no trailing slash, so such an entry would never match.
    if (origin !== '*' && !(typeof origin === 'string' && ORIGIN.test(origin))) {
      throw optionError('cors.origins', "'*' or origins such as 'https://app.example'", origin)
    }
  }
  return origins
}

const ORIGIN = /^(?:null|[a-z][a-z\d+.-]*:\/\/[^\s/?#@]+)$/

const STREAM_REQUEST_HEADERS = ['Authorization', 'Cache-Control', 'Last-Event-ID']

const BODILESS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'DELETE'])

const NO_CORS: Cors = { headers: () => ({}), preflight: () => undefined }
