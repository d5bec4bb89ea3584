import { type AccessOptions, type AccessResult, createAccessCheck } from '../access/access.ts'
import type { ConnectionLimits, Permit } from '../access/limits.ts'
import { isPromise } from '../maybe-promise.ts'
import type { MaybePromise } from '../sink/message.ts'
import { type CorsOptions, resolveCors } from './cors.ts'
import { headAlone, refuse } from './negotiate.ts'
import type { SinkRequest } from './request.ts'
import { type Endpoint, plainResponse, type SinkResponse, STREAM_HEADERS } from './response.ts'

/** Somebody who was let in, with a permit that is to be given back. */
export interface AdmittedRequest {
  readonly request: SinkRequest
  readonly user: string | undefined
  readonly rooms: readonly string[]
  readonly permit: Permit
}

export interface EndpointOptions extends AccessOptions {
  readonly cors?: CorsOptions
}

export interface EndpointHost {
  readonly methods: readonly string[]
  readonly limits: ConnectionLimits
  /** Why there is no stream now, whoever asks; undefined where there is one. */
  closed(): 'completed' | 'closing' | undefined
  /** Begins the stream of somebody who was let in. */
  begin(admitted: AdmittedRequest): MaybePromise<SinkResponse>
  onError(error: unknown): void
  /** The answer to a request that something was thrown for. Default: a 500 that tells nothing. */
  errorResponse?(error: unknown): SinkResponse
}

/** From a request to an answer: CORS, method, `Accept`, access, whether there is a stream at all, a free permit. */
export function createEndpoint(options: EndpointOptions, host: EndpointHost): Endpoint {
  const { methods, limits, closed, begin, onError, errorResponse = somethingWrong } = host
  const cors = resolveCors(options.cors)
  const admit = createAccessCheck(options)

  return (request) => {
    try {
      const early = cors.preflight(request, methods) ?? refuse(request, methods)
      if (early !== undefined) return withHeaders(early, cors.headers(request))
      const admitted = admit(request)
      const answer = isPromise(admitted)
        ? admitted.then((ready) => proceed(request, ready))
        : proceed(request, admitted)
      return isPromise(answer) ? answer.catch(failed) : answer
    } catch (error) {
      return failed(error)
    }

    function failed(error: unknown): SinkResponse {
      onError(error)
      return withHeaders(errorResponse(error), cors.headers(request))
    }
  }

  function proceed(request: SinkRequest, admitted: AccessResult): MaybePromise<SinkResponse> {
    const headers = cors.headers(request)
    if ('deny' in admitted) return withHeaders(denial(admitted), headers)
    const over = closed()
    if (over === 'completed') return { status: 204, headers: { ...headers, 'cache-control': 'no-store' } }
    if (over === 'closing') return limits.overloaded(headers)
    if (request.method === 'HEAD') return headAlone(headers)
    const { user, rooms } = admitted
    const permit = limits.take(request, user)
    const answer = isPromise(permit) ? permit.then(start) : start(permit)
    return isPromise(answer)
      ? answer.then((ready) => withHeaders(ready, headers))
      : withHeaders(answer, headers)

    function start(taken: Permit | undefined): MaybePromise<SinkResponse> {
      if (taken === undefined) return limits.overloaded({})
      // It may have closed while others were asked for the permit.
      if (closed() === undefined) return attempt(() => begin({ request, user, rooms, permit: taken }), taken)
      taken.release()
      return limits.overloaded({})
    }
  }
}

/** A permit is given back where nothing came of it. */
function attempt(begin: () => MaybePromise<SinkResponse>, permit: Permit): MaybePromise<SinkResponse> {
  try {
    const answer = begin()
    if (isPromise(answer)) answer.catch(() => permit.release())
    return answer
  } catch (error) {
    permit.release()
    throw error
  }
}

/** The answer that is a stream. */
export function streamResponse(stream: NonNullable<SinkResponse['stream']>, permit: Permit): SinkResponse {
  return { status: 200, headers: STREAM_HEADERS, stream, abandoned: () => permit.release() }
}

function somethingWrong(): SinkResponse {
  return plainResponse(500, 'something went wrong')
}

function denial({ deny, challenge = 'Bearer', why }: Extract<AccessResult, { deny: number }>): SinkResponse {
  return plainResponse(deny, why, deny === 401 ? { 'www-authenticate': challenge } : {})
}

function withHeaders(answer: SinkResponse, headers: Readonly<Record<string, string>>): SinkResponse {
  const vary = [headers.vary, answer.headers.vary].filter((value) => value !== undefined)
  return {
    ...answer,
    headers: { ...headers, ...answer.headers, ...(vary.length > 0 ? { vary: vary.join(', ') } : {}) },
  }
}
