import { type AccessOptions, type Admission, admission } from './access/access.ts'
import { type CorsOptions, corsOf } from './access/cors.ts'
import type { Limits, Place } from './access/limits.ts'
import { type Answer, type Endpoint, plainAnswer, STREAM_HEADERS } from './answer.ts'
import type { MaybePromise } from './event.ts'
import { isPromise } from './maybe-promise.ts'
import { headAlone, refuse } from './negotiate.ts'
import type { SinkRequest } from './request.ts'

/** Somebody who was let in, with a place that is to be given back. */
export interface Admitted {
  readonly request: SinkRequest
  readonly user: string | undefined
  readonly rooms: readonly string[]
  readonly place: Place
}

export interface EndpointOptions extends AccessOptions {
  readonly cors?: CorsOptions
}

export interface EndpointHost {
  readonly methods: readonly string[]
  readonly limits: Limits
  /** Why there is no stream now, whoever asks; undefined where there is one. */
  closed(): 'completed' | 'closing' | undefined
  /** Begins the stream of somebody who was let in. */
  begin(admitted: Admitted): MaybePromise<Answer>
  onError(error: unknown): void
  /** The answer to a request that something was thrown for. Default: a 500 that tells nothing. */
  answerError?(error: unknown): Answer
}

/** From a request to an answer: CORS, method, `Accept`, access, whether there is a stream at all, a free place. */
export function createEndpoint(options: EndpointOptions, host: EndpointHost): Endpoint {
  const { methods, limits, closed, begin, onError, answerError = somethingWrong } = host
  const cors = corsOf(options.cors)
  const admit = admission(options)

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

    function failed(error: unknown): Answer {
      onError(error)
      return withHeaders(answerError(error), cors.headers(request))
    }
  }

  function proceed(request: SinkRequest, admitted: Admission): MaybePromise<Answer> {
    const headers = cors.headers(request)
    if ('deny' in admitted) return withHeaders(denial(admitted), headers)
    const over = closed()
    if (over === 'completed') return { status: 204, headers: { ...headers, 'cache-control': 'no-store' } }
    if (over === 'closing') return limits.overloaded(headers)
    if (request.method === 'HEAD') return headAlone(headers)
    const { user, rooms } = admitted
    const place = limits.take(request, user)
    const answer = isPromise(place) ? place.then(start) : start(place)
    return isPromise(answer)
      ? answer.then((ready) => withHeaders(ready, headers))
      : withHeaders(answer, headers)

    function start(taken: Place | undefined): MaybePromise<Answer> {
      if (taken === undefined) return limits.overloaded({})
      // It may have closed while others were asked for the place.
      if (closed() === undefined) return attempt(() => begin({ request, user, rooms, place: taken }), taken)
      taken.release()
      return limits.overloaded({})
    }
  }
}

/** A place is given back where nothing came of it. */
function attempt(begin: () => MaybePromise<Answer>, place: Place): MaybePromise<Answer> {
  try {
    const answer = begin()
    if (isPromise(answer)) answer.catch(() => place.release())
    return answer
  } catch (error) {
    place.release()
    throw error
  }
}

/** The answer that is a stream. */
export function streamAnswer(stream: NonNullable<Answer['stream']>, place: Place): Answer {
  return { status: 200, headers: STREAM_HEADERS, stream, abandoned: () => place.release() }
}

function somethingWrong(): Answer {
  return plainAnswer(500, 'something went wrong')
}

function denial({ deny, challenge = 'Bearer', why }: Extract<Admission, { deny: number }>): Answer {
  return plainAnswer(deny, why, deny === 401 ? { 'www-authenticate': challenge } : {})
}

function withHeaders(answer: Answer, headers: Readonly<Record<string, string>>): Answer {
  const vary = [headers.vary, answer.headers.vary].filter((value) => value !== undefined)
  return {
    ...answer,
    headers: { ...headers, ...answer.headers, ...(vary.length > 0 ? { vary: vary.join(', ') } : {}) },
  }
}
