import { isPromise, type MaybePromise } from '@rxsse/shared'
import { type AccessOptions, type AccessResult, createAccessCheck } from '../access/access.ts'
import type { ConnectionLimits, Permit } from '../access/limits.ts'
import { type CorsOptions, resolveCors } from './cors.ts'
import { createHeadResponse, refuseRequest } from './negotiate.ts'
import type { SinkRequest } from './request.ts'
import { createPlainResponse, type Endpoint, type SinkResponse, STREAM_HEADERS } from './response.ts'

/** A request that gets a stream. Its permit must be released in the end. */
export interface AdmittedRequest {
  readonly request: SinkRequest
  readonly user: string | undefined
  readonly rooms: readonly string[]
  readonly permit: Permit
}

export interface EndpointOptions extends AccessOptions {
  /** The origins that may read, besides the server's own. Default: none. */
  readonly cors?: CorsOptions
}

export interface EndpointHost {
  readonly methods: readonly string[]
  readonly limits: ConnectionLimits
  /** `'open'` if there are streams; otherwise the reason why not. */
  state(): 'open' | 'completed' | 'closing'
  /** Begins the stream of an admitted request. */
  begin(admitted: AdmittedRequest): MaybePromise<SinkResponse>
  onError(error: unknown): void
  /** The response if something throws. Default: a 500 that tells nothing. */
  readonly errorResponse?: ((error: unknown) => SinkResponse) | undefined
}

/** From a request to a response: CORS, method, `Accept`, access, the endpoint's state, a permit. */
export function createEndpoint(options: EndpointOptions, host: EndpointHost): Endpoint {
  const { methods, limits, state, begin, onError, errorResponse = createErrorResponse } = host
  const cors = resolveCors(options.cors)
  const checkAccess = createAccessCheck(options)

  return (request) => {
    try {
      const early = cors.preflight(request, methods) ?? refuseRequest(request, methods)
      if (early !== undefined) return addHeaders(early, cors.headers(request))
      const access = checkAccess(request)
      const response = isPromise(access)
        ? access.then((ready) => respond(request, ready))
        : respond(request, access)
      return isPromise(response) ? response.catch(fail) : response
    } catch (error) {
      return fail(error)
    }

    function fail(error: unknown): SinkResponse {
      onError(error)
      return addHeaders(errorResponse(error), cors.headers(request))
    }
  }

  function respond(request: SinkRequest, access: AccessResult): MaybePromise<SinkResponse> {
    const headers = cors.headers(request)
    if ('deny' in access) return addHeaders(createDenial(access), headers)
    const now = state()
    if (now === 'completed') return { status: 204, headers: { ...headers, 'cache-control': 'no-store' } }
    if (now === 'closing') return limits.overloaded(headers)
    if (request.method === 'HEAD') return createHeadResponse(headers)
    const { user, rooms } = access
    const permit = limits.take(request, user)
    const response = isPromise(permit) ? permit.then(start) : start(permit)
    return isPromise(response)
      ? response.then((ready) => addHeaders(ready, headers))
      : addHeaders(response, headers)

    function start(taken: Permit | undefined): MaybePromise<SinkResponse> {
      if (taken === undefined) return limits.overloaded({})
      // The endpoint may have closed while the permit was awaited.
      if (state() === 'open') {
        return releaseOnFailure(taken, () => begin({ request, user, rooms, permit: taken }))
      }
      taken.release()
      return limits.overloaded({})
    }
  }
}

function releaseOnFailure(
  permit: Permit,
  begin: () => MaybePromise<SinkResponse>,
): MaybePromise<SinkResponse> {
  try {
    const response = begin()
    if (isPromise(response)) response.catch(() => permit.release())
    return response
  } catch (error) {
    permit.release()
    throw error
  }
}

/** The response whose body is a stream. */
export function createStreamResponse(
  stream: NonNullable<SinkResponse['stream']>,
  permit: Permit,
): SinkResponse {
  return { status: 200, headers: STREAM_HEADERS, stream, abandoned: () => permit.release() }
}

function createErrorResponse(): SinkResponse {
  return createPlainResponse(500, 'something went wrong')
}

function createDenial(denied: Extract<AccessResult, { deny: number }>): SinkResponse {
  const { deny, challenge = 'Bearer', reason } = denied
  return createPlainResponse(deny, reason, deny === 401 ? { 'www-authenticate': challenge } : {})
}

/** Adds headers that the response does not have. The values of `Vary` are joined. */
function addHeaders(response: SinkResponse, headers: Readonly<Record<string, string>>): SinkResponse {
  const vary = [headers.vary, response.headers.vary].filter((value) => value !== undefined)
  return {
    ...response,
    headers: { ...headers, ...response.headers, ...(vary.length > 0 ? { vary: vary.join(', ') } : {}) },
  }
}
