import { isPromise, type MaybePromise, type SseMessage } from '@rxsse/shared'
import { from, type ObservableInput, type Subscription } from 'rxjs'
import type { Permit } from '../access/limits.ts'
import { type AdmittedRequest, createStreamResponse } from '../http/endpoint.ts'
import type { SinkRequest } from '../http/request.ts'
import { createPlainResponse, type SinkResponse } from '../http/response.ts'
import {
  createStreamEndpoint,
  type StreamEndpoint,
  type StreamEndpointOptions,
} from '../http/stream-endpoint.ts'
import { RequestError } from '../sink/errors.ts'
import { EVERY_TOPIC } from '../sink/topic.ts'
import { encodeComment } from '../wire/encode.ts'
import { PipelineSubscriber } from './pipeline-subscriber.ts'

/** As a sink's, but a slow client is disconnected by default: a response with a hole is useless. */
export interface StreamOptions extends StreamEndpointOptions {
  /** The methods that begin a stream. Default `['GET']`. {@link readJson} reads a body. */
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
  /** Called with each error, also after the client has left. Default: `console.error`. */
  readonly onError?: (error: unknown) => void
}

/**
 * Gives each connection a pipeline of its own, such as the answer of an LLM or the progress of a
 * job. The pipeline is subscribed to when a request comes and unsubscribed from when the client
 * leaves. If it completes before its first event, the response is 204, which tells a browser not to
 * come back. If it fails before the head, the response is an HTTP error.
 *
 * @throws TypeError if an option is wrong.
 */
export function streamTo<M extends SseMessage>(
  project: (request: SinkRequest, user: string | undefined) => MaybePromise<ObservableInput<M>>,
  options: StreamOptions = {},
): StreamEndpoint {
  const { methods = ['GET'], head = 'at-once', whenGone = 'unsubscribe' } = options
  const { onError = console.error, errorStatus = resolveStatus, errorMessage } = options
  const fail = (error: unknown) => createErrorResponse(errorStatus(error), error)
  const running = new Map<Subscription, PipelineSubscriber<M>>()
  const slowClientOptions = { policy: 'disconnect', ...options.slowClient } as const
  const { endpoint, hub, counters, retry, slowClient } = createStreamEndpoint(
    { ...options, slowClient: slowClientOptions },
    {
      methods,
      cursor: undefined,
      onError,
      errorResponse: fail,
      begin(admitted) {
        const source = project(admitted.request, admitted.user)
        return isPromise(source) ? source.then((ready) => run(ready, admitted)) : run(source, admitted)
      },
      async close(drain) {
        for (const subscriber of running.values()) subscriber.flush()
        const drained = drain()
        for (const pipeline of running.keys()) pipeline.unsubscribe()
        await drained
      },
    },
  )
  return endpoint

  function run(source: ObservableInput<M>, { request, permit }: AdmittedRequest): MaybePromise<SinkResponse> {
    const subscriber = new PipelineSubscriber({ counters, slowClient, errorMessage, onError })
    const pipeline = from(source).subscribe(subscriber)
    running.set(pipeline, subscriber)
    pipeline.add(() => running.delete(pipeline))
    const leave = () => {
      if (whenGone === 'unsubscribe') pipeline.unsubscribe()
    }
    const respond = () => createResponse(subscriber, permit, leave)
    if (head === 'at-once' || subscriber.hasBegun) return respond()
    // Nothing has been sent, so only the request can tell that the client has left.
    const { signal } = request
    const giveUp = () => {
      leave()
      if (pipeline.closed) subscriber.complete()
    }
    signal.addEventListener('abort', giveUp, { once: true })
    pipeline.add(() => signal.removeEventListener('abort', giveUp))
    return subscriber.begun.then(respond)
  }

  function createResponse(
    subscriber: PipelineSubscriber<M>,
    permit: Permit,
    leave: () => void,
  ): SinkResponse {
    const outcome = subscriber.outcomeBeforeFirst
    if (outcome !== undefined) {
      permit.release()
      return 'error' in outcome
        ? fail(outcome.error)
        : { status: 204, headers: { 'cache-control': 'no-store' } }
    }
    return {
      ...createStreamResponse((connect) => {
        hub.open(EVERYTHING, permit, connect, (connection) => {
          connection.onClosed(leave)
          hub.join(connection)
          subscriber.connect(connection, `${retry.encode() || encodeComment('')}\n`)
        })
      }, permit),
      abandoned() {
        permit.release()
        leave()
      },
    }
  }
}

function createErrorResponse(status: number, error: unknown): SinkResponse {
  return createPlainResponse(status, error instanceof RequestError ? error.message : 'something went wrong')
}

function resolveStatus(error: unknown): number {
  return error instanceof RequestError ? error.status : 500
}

const EVERYTHING = { filter: EVERY_TOPIC, rooms: [], user: undefined }
