import { type Duration, isPromise, type MaybePromise, requireFunction, type SseMessage } from '@rxsse/shared'
import type { ObservableInput, Subscription } from 'rxjs'
import { checkOptions, FUNCTION, METHODS, type OptionChecks, oneOf } from '../http/check-options.ts'
import type { AdmittedRequest } from '../http/endpoint.ts'
import { createHeadResponse } from '../http/negotiate.ts'
import { BARE_ERROR, createPlainResponse, type SinkResponse } from '../http/response.ts'
import {
  createStreamEndpoint,
  ENDPOINT_CHECKS,
  type StreamEndpoint,
  type StreamEndpointOptions,
} from '../http/stream-endpoint.ts'
import { createResultError } from '../sink/callbacks.ts'
import { createErrorReporter, isErrorStatus, RequestError } from '../sink/errors.ts'
import type { PipelineSubscriber } from './pipeline-subscriber.ts'
import { cancelSource } from './pull.ts'
import { createPlainReply, Reply } from './reply.ts'
import { createPipelineRequest, type PipelineRequest, type StreamRequest } from './response-gate.ts'
import { type PipelineContext, runPipeline } from './run-pipeline.ts'

/** As a sink's, but a slow client is disconnected by default: a response with a hole is useless. */
export interface StreamOptions extends StreamEndpointOptions {
  /** As a sink's, but `false` by default: the client of an answer does not come back for it. */
  readonly retry?: Duration | false
  /**
   * The methods that begin a stream. Default `['GET']`. {@link readJson} reads a body. HEAD comes with
   * GET and gets the head of a stream. If it is named, the project function answers it, too: without
   * a body, and without subscribing to a stream.
   */
  readonly methods?: readonly string[]
  /**
   * When the head is sent. `'at-once'` (the default) shows proxies and clients that the server is
   * alive. With `'first-event'`, an error before the first event is still an HTTP status.
   */
  readonly head?: 'at-once' | 'first-event'
  /** What to do with the pipeline of a client that left. Default `'unsubscribe'`. */
  readonly whenGone?: 'unsubscribe' | 'finish'
  /** The status of an error before the head. Default: a `RequestError`'s own, 500 for any other. */
  readonly errorStatus?: (error: unknown) => number
  /** A last message to the client if its pipeline fails after the head. Default: none. */
  readonly errorMessage?: (error: unknown) => SseMessage
  /**
   * Called with each error, also after the client has left. Default: `console.error`, except for a
   * `RequestError` below 500, which is the client's.
   */
  readonly onError?: (error: unknown) => void
}

/**
 * Gives each connection a pipeline of its own, such as the answer of an LLM or the progress of a
 * job. The pipeline is subscribed to when a request comes and unsubscribed from when the client
 * leaves. An async iterable or a ReadableStream is read at the pace of its client. `request.gate`
 * brings that pace to an Observable, and `request.signal` aborts when the client leaves.
 *
 * If a pipeline completes before the head without an event, the response is 204, which tells a
 * browser not to come back. If it fails before the head, the response is an HTTP error; after it, the
 * body is cut.
 * {@link reply} answers with another status, headers, or no stream at all.
 *
 * @throws TypeError if an option is wrong.
 */
export function streamTo<M extends SseMessage>(
  project: (request: StreamRequest, user: string | undefined) => MaybePromise<ObservableInput<M> | Reply<M>>,
  options: StreamOptions = {},
): StreamEndpoint {
  requireFunction(project, 'streamTo: project')
  checkOptions(options, CHECKS)
  const { methods = ['GET'], head = 'at-once', whenGone = 'unsubscribe', retry: ownRetry = false } = options
  const { errorStatus = resolveStatus, errorMessage } = options
  const onError = createErrorReporter(options.onError)
  const fail = createErrorResponse(errorStatus, onError)
  const running = new Set<Subscription>()
  const connected = new Set<PipelineSubscriber<M>>()
  let projecting = 0
  let onIdle: (() => void) | undefined
  const { endpoint, hub, counters, clock, retry, slowClient } = createStreamEndpoint(
    { ...options, slowClient: { policy: 'disconnect', ...options.slowClient }, retry: ownRetry },
    {
      isEndless: false,
      methods,
      cursor: undefined,
      onError,
      errorResponse: fail,
      begin,
      head: methods.includes('HEAD') ? begin : undefined,
      finished(timeout) {
        return new Promise((resolve) => {
          const cancel = clock.after(timeout, resolve)
          onIdle = () => {
            cancel()
            resolve()
          }
          reportIdle()
        })
      },
      async close(drain) {
        for (const subscriber of connected) subscriber.cut()
        for (const pipeline of running) pipeline.unsubscribe()
        await drain()
      },
    },
  )
  const context: PipelineContext<M> = {
    hub,
    retry,
    counters,
    slowClient,
    head,
    whenGone,
    errorMessage,
    running,
    connected,
    reportIdle,
    fail,
    onError,
  }
  return endpoint

  function begin(admitted: AdmittedRequest): MaybePromise<SinkResponse> {
    const own = createPipelineRequest(admitted.request)
    admitted.scope.hold(own.end)
    const content = project(own.request, admitted.user)
    if (!isPromise(content)) return respond(content, admitted, own)
    projecting++
    // Its pipeline counts from here on, so this does not wait for the response.
    const response = content.then((ready) => respond(ready, admitted, own))
    content.then(projected, projected)
    return response
  }

  function projected(): void {
    projecting--
    reportIdle()
  }

  function reportIdle(): void {
    if (running.size === 0 && projecting === 0) onIdle?.()
  }

  function respond(
    content: ObservableInput<M> | Reply<M>,
    admitted: AdmittedRequest,
    own: PipelineRequest,
  ): MaybePromise<SinkResponse> {
    const made = content instanceof Reply ? content : new Reply<M>(content, {})
    const plain = made === content ? createPlainReply(made) : undefined
    if (plain !== undefined) return plain
    const source = made.content as ObservableInput<M>
    if (admitted.request.method === 'HEAD') {
      cancelSource(source, onError)
      const { status, headers } = createHeadResponse()
      return { status: made.status ?? status, headers: { ...headers, ...made.headers } }
    }
    if (admitted.scope.ended && whenGone === 'unsubscribe') {
      cancelSource(source, onError)
      return BARE_ERROR
    }
    return runPipeline(source, made, admitted, own, context)
  }
}

const CHECKS: OptionChecks<StreamOptions> = {
  ...ENDPOINT_CHECKS,
  methods: METHODS,
  head: oneOf('at-once', 'first-event'),
  whenGone: oneOf('unsubscribe', 'finish'),
  errorStatus: FUNCTION,
  errorMessage: FUNCTION,
  onError: FUNCTION,
}

/** Creates the response to an error before the head. Never throws, so that each error is reported once. */
function createErrorResponse(
  errorStatus: (error: unknown) => number,
  onError: (error: unknown) => void,
): (error: unknown) => SinkResponse {
  return (error) => {
    try {
      const status: unknown = errorStatus(error)
      if (!isErrorStatus(status)) throw createResultError(status, 'errorStatus', 'a status from 400 to 599')
      const isToldToClient = error instanceof RequestError
      return isToldToClient ? createPlainResponse(status, error.message) : { ...BARE_ERROR, status }
    } catch (thrown) {
      onError(thrown)
      return BARE_ERROR
    }
  }
}

function resolveStatus(error: unknown): number {
  return error instanceof RequestError ? error.status : 500
}
