import { isPromise, type MaybePromise } from '@rxsse/shared'
import { type AccessOptions, type AccessResult, countRooms, createAccessCheck } from '../access/access.ts'
import type { ConnectionLimits, Permit } from '../access/limits.ts'
import type { Clock } from '../connection/clock.ts'
import { countPatterns } from '../sink/topic.ts'
import { type CorsOptions, resolveCors } from './cors.ts'
import { type AcceptOption, createHeadResponse, createNegotiation } from './negotiate.ts'
import type { PendingRequests } from './pending-requests.ts'
import type { SinkRequest } from './request.ts'
import { RequestScope } from './request-scope.ts'
import {
  BARE_ERROR,
  checkResponse,
  createPlainResponse,
  type Endpoint,
  type SinkResponse,
  STREAM_HEADERS,
} from './response.ts'

/** A request that gets a stream. Its permit must be released in the end. */
export interface AdmittedRequest {
  readonly request: SinkRequest
  readonly user: string | undefined
  readonly rooms: readonly string[]
  /** When the connection must end, in milliseconds since 1970. */
  readonly expires: number | undefined
  readonly permit: Permit
  /** Releases what the request holds if its client leaves before the response. */
  readonly scope: RequestScope
}

export interface EndpointOptions extends AccessOptions {
  /** The origins that may read, besides the server's own. Default: none. */
  readonly cors?: CorsOptions
  /**
   * What happens to a request whose `Accept` excludes event streams. `'any'` (the default) answers
   * it all the same (RFC 9110, 12.5.1), because many API clients ask for JSON. `'strict'` is 406.
   */
  readonly accept?: AcceptOption
}

export interface EndpointHost {
  /** Streams never complete by themselves. */
  readonly isEndless: boolean
  readonly clock: Clock
  readonly methods: readonly string[]
  readonly limits: ConnectionLimits
  readonly pending: PendingRequests
  /** The query parameter with topic patterns, if there is one. */
  readonly filterParameter?: string | undefined
  isClosing(): boolean
  /** The response if there is nothing more to send to this client: a 204. */
  completed?(request: SinkRequest): MaybePromise<SinkResponse | undefined>
  /** Begins the stream of an admitted request. */
  begin(admitted: AdmittedRequest): MaybePromise<SinkResponse>
  /** The response to HEAD. Its body or stream is left out. Default: the head of a stream. */
  readonly head?: ((admitted: AdmittedRequest) => MaybePromise<SinkResponse>) | undefined
  /** Never throws. */
  onError(error: unknown): void
  /** The response if something throws. Default: a 500 that tells nothing. */
  readonly errorResponse?: ((error: unknown) => SinkResponse) | undefined
}

/**
 * From a request to a response: CORS, method, `Accept`, a permit, access, the endpoint's state, the
 * permit of a key. Whatever fails on the way, there is one response.
 */
export function createEndpoint(options: EndpointOptions, host: EndpointHost): Endpoint {
  const { methods, limits, pending, onError, errorResponse = () => BARE_ERROR } = host
  const cors = resolveCors(options.cors)
  const checkAccess = createAccessCheck(options)
  const negotiate = createNegotiation(methods, options.accept)

  return { isEndless: host.isEndless, clock: host.clock, respond, report: onError }

  function respond(request: SinkRequest): MaybePromise<SinkResponse> {
    const scope = new RequestScope(onError)
    pending.enter(scope)
    let headers: Readonly<Record<string, string>> = {}
    try {
      headers = cors.headers(request)
      const early = cors.preflight(request, headers, methods) ?? negotiate(request)
      const response = early ?? answer(request, scope)
      if (!isPromise(response)) return finish(response)
      const settled = response.then(finish).catch(fail)
      return pending.wait(request, scope, settled, refuse)
    } catch (error) {
      return fail(error)
    }

    function finish(response: SinkResponse): SinkResponse {
      const checked = checkResponse(addHeaders(response, headers))
      const { stream } = checked
      if (stream === undefined || request.method === 'HEAD') {
        scope.end()
        return stream === undefined ? checked : { status: checked.status, headers: checked.headers }
      }
      return {
        ...checked,
        stream(connect) {
          stream(connect)
          pending.opened(scope)
        },
        abandoned: () => scope.end(),
      }
    }

    function refuse(): SinkResponse {
      try {
        return finish(limits.overloaded(request))
      } catch (error) {
        return fail(error)
      }
    }

    function fail(error: unknown): SinkResponse {
      if (!scope.ended || !isAbortError(error)) onError(error)
      scope.end()
      try {
        return checkResponse(addHeaders(errorResponse(error), headers))
      } catch (thrown) {
        onError(thrown)
        return BARE_ERROR
      }
    }
  }

  function answer(request: SinkRequest, scope: RequestScope): MaybePromise<SinkResponse> {
    if (host.isClosing()) return limits.overloaded(request)
    const permit = limits.take()
    if (permit === undefined) return limits.overloaded(request)
    scope.hold(() => permit.release())
    const { searchParams } = request.url
    const names = countRooms(searchParams) + countPatterns(searchParams, host.filterParameter)
    if (names > limits.queryNames) {
      return createPlainResponse(400, `a query names at most ${limits.queryNames} rooms and patterns`)
    }
    return next(checkAccess(request), (access) => {
      if ('deny' in access) return createDenial(access)
      scope.identify(access)
      return next(host.completed?.(request), (completed) => {
        if (completed !== undefined) return completed
        const { user, rooms, expires } = access
        const admitted = { request, user, rooms, expires, permit, scope }
        if (request.method === 'HEAD') return host.head?.(admitted) ?? createHeadResponse()
        return next(limits.takeKey(permit, request, user), (taken) => {
          if (!taken) return limits.overloaded(request)
          scope.hasBegun = true
          return host.begin(admitted)
        })
      })
    })

    /** If the client left or was refused meanwhile, no further step is taken. */
    function next<T>(
      value: MaybePromise<T>,
      then: (value: T) => MaybePromise<SinkResponse>,
    ): MaybePromise<SinkResponse> {
      if (!isPromise(value)) return then(value)
      return value.then((ready) => (scope.ended ? limits.overloaded(request) : then(ready)))
    }
  }
}

/** The response whose body is a stream. */
export function createStreamResponse(stream: NonNullable<SinkResponse['stream']>): SinkResponse {
  return { status: 200, headers: STREAM_HEADERS, stream }
}

function createDenial({
  deny,
  challenge = 'Bearer',
  reason,
}: Extract<AccessResult, { deny: number }>): SinkResponse {
  return createPlainResponse(deny, reason, deny === 401 ? { 'www-authenticate': challenge } : {})
}

/**
 * Work that was stopped because the client left is no error. Clients of HTTP name theirs `AbortError`,
 * `APIUserAbortError` or `CanceledError`, or tell them by a code.
 */
function isAbortError(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  const { name, code }: Error & { readonly code?: unknown } = error
  const words = [name, code, error.constructor.name]
  return words.some((word) => typeof word === 'string' && /abort|cancel/i.test(word))
}

/** Adds headers that the response does not have. The values of `Vary` are joined. */
function addHeaders(response: SinkResponse, headers: Readonly<Record<string, string>>): SinkResponse {
  const vary = [headers.vary, response.headers.vary].filter((value) => value !== undefined)
  return {
    ...response,
    headers: { ...headers, ...response.headers, ...(vary.length > 0 ? { vary: vary.join(', ') } : {}) },
  }
}
