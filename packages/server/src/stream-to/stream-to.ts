import { asyncScheduler, from, type ObservableInput, type SchedulerLike, type Subscription } from 'rxjs'
import { type LimitOptions, type Permit, resolveLimits } from '../access/limits.ts'
import { type FastifyPlugin, fastifyPlugin } from '../adapter/fastify.ts'
import { type FetchHandler, fetchHandler } from '../adapter/fetch.ts'
import { type NodeHandler, nodeHandler } from '../adapter/node.ts'
import { createClock } from '../connection/clock.ts'
import { type CloseOptions, closeConnections } from '../connection/drain.ts'
import { type HeartbeatOptions, resolveHeartbeat } from '../connection/heartbeat.ts'
import { createHeartbeatTimer } from '../connection/heartbeat-timer.ts'
import { resolveRetry } from '../connection/retry.ts'
import { resolveSlowClient, type SlowClientOptions } from '../connection/slow-client.ts'
import type { Duration } from '../duration.ts'
import { Hub } from '../fan-out/hub.ts'
import {
  type AdmittedRequest,
  createEndpoint,
  type EndpointOptions,
  streamResponse,
} from '../http/endpoint.ts'
import type { SinkRequest } from '../http/request.ts'
import { plainResponse, type SinkResponse } from '../http/response.ts'
import { isPromise } from '../maybe-promise.ts'
import { RequestError } from '../sink/errors.ts'
import type { MaybePromise, SseMessage } from '../sink/message.ts'
import { createCounters, type SinkStats } from '../sink/stats.ts'
import { everyTopic } from '../sink/topic.ts'
import { encodeComment } from '../wire/encode.ts'
import { PipelineSubscriber } from './pipeline-subscriber.ts'

export interface StreamOptions extends EndpointOptions {
  /** The methods that begin a stream. Default `['GET']`; with `'POST'`, {@link readJson} has the body. */
  readonly methods?: readonly string[]
  /**
   * When the head is sent: `'at-once'` (the default), so that proxies and readers see life, or with the
   * `'first-event'`, so that until then an error can still be an HTTP status.
   */
  readonly head?: 'at-once' | 'first-event'
  /** What a client that leaves means for its pipeline: `'unsubscribe'` (the default), or `'finish'`. */
  readonly whenGone?: 'unsubscribe' | 'finish'
  /** The status for an error before the head. Default: a `RequestError`'s own, 500 for any other. */
  readonly statusOf?: (error: unknown) => number
  /** A last message for a client whose pipeline fails after the head. Default: none, the body ends. */
  readonly errorMessage?: (error: unknown) => SseMessage
  readonly heartbeat?: HeartbeatOptions | false
  /** As a sink's. */
  readonly retry?: Duration | false
  readonly limits?: LimitOptions
  /** As a sink's, but a client that does not keep up is disconnected by default: half an answer is none. */
  readonly slowClient?: SlowClientOptions
  /** Gets every error of a pipeline, also of one whose client has left. Default: `console.error`. */
  readonly onError?: (error: unknown) => void
  /** As a sink's. */
  readonly takeover?: boolean
  readonly scheduler?: SchedulerLike
  readonly random?: () => number
}

export interface StreamEndpoint {
  readonly handler: NodeHandler
  readonly fetch: FetchHandler
  readonly fastify: FastifyPlugin
  stats(): SinkStats
  /** Ends every stream and unsubscribes its pipeline. */
  close(options?: CloseOptions): Promise<void>
}

/**
 * A pipeline of its own for each connection: an LLM's answer, a job's progress. It is subscribed to when a
 * request comes and unsubscribed from when the client leaves. One that completes before its first event is
 * answered 204, which tells a browser not to ask again; one that fails before the head, with an HTTP status.
 */
export function streamTo<M extends SseMessage>(
  project: (request: SinkRequest, user: string | undefined) => MaybePromise<ObservableInput<M>>,
  options: StreamOptions = {},
): StreamEndpoint {
  const { methods = ['GET'], head = 'at-once', whenGone = 'unsubscribe', random = Math.random } = options
  const { onError = console.error, statusOf = ownStatus, errorMessage } = options
  const retry = resolveRetry(options.retry, random)
  const opening = () => `${retry.opening() || encodeComment('')}\n`
  const clock = createClock(options.scheduler ?? asyncScheduler)
  const counters = createCounters()
  const slowClient = resolveSlowClient({ policy: 'disconnect', ...options.slowClient })
  const hub = new Hub(slowClient, counters, clock, {
    opened: () => beats.start(),
    closed: () => beats.rest(),
  })
  const beats = createHeartbeatTimer(resolveHeartbeat(options.heartbeat), hub, { cursor: undefined }, clock)
  const running = new Map<Subscription, PipelineSubscriber<M>>()
  let closing: Promise<void> | undefined

  const endpoint = createEndpoint(options, {
    methods,
    limits: resolveLimits(options.limits, retry.base, random),
    closed: () => (closing === undefined ? undefined : 'closing'),
    begin,
    onError,
    errorResponse: failure,
  })

  return {
    handler: nodeHandler(endpoint, options.takeover),
    fetch: fetchHandler(endpoint),
    fastify: fastifyPlugin(endpoint),
    stats: () => ({ ...counters, connections: hub.size, behind: hub.behind }),
    close(closeOptions) {
      closing ??= close(closeOptions)
      return closing
    },
  }

  function begin(admitted: AdmittedRequest): MaybePromise<SinkResponse> {
    const source = project(admitted.request, admitted.user)
    return isPromise(source) ? source.then((ready) => run(ready, admitted)) : run(source, admitted)
  }

  function run(source: ObservableInput<M>, { request, permit }: AdmittedRequest): MaybePromise<SinkResponse> {
    const subscriber = new PipelineSubscriber({ counters, slowClient, errorMessage, onError })
    const pipeline = from(source).subscribe(subscriber)
    running.set(pipeline, subscriber)
    pipeline.add(() => running.delete(pipeline))
    const leave = () => {
      if (whenGone === 'unsubscribe') pipeline.unsubscribe()
    }
    const answer = () => answerOf(subscriber, permit, leave)
    if (head === 'at-once' || subscriber.hasBegun) return answer()
    // Nothing has been sent, so nothing but the request can tell that the client has gone.
    const { signal } = request
    const giveUp = () => {
      leave()
      if (pipeline.closed) subscriber.complete()
    }
    signal.addEventListener('abort', giveUp, { once: true })
    pipeline.add(() => signal.removeEventListener('abort', giveUp))
    return subscriber.begun.then(answer)
  }

  function answerOf(subscriber: PipelineSubscriber<M>, permit: Permit, leave: () => void): SinkResponse {
    const outcome = subscriber.outcomeBeforeFirst
    if (outcome !== undefined) {
      permit.release()
      return 'error' in outcome
        ? failure(outcome.error)
        : { status: 204, headers: { 'cache-control': 'no-store' } }
    }
    return {
      ...streamResponse((connect) => {
        hub.open(ALL_TOPICS, permit, connect, (connection) => {
          connection.onClosed(leave)
          hub.join(connection)
          subscriber.openInto(connection, opening())
        })
      }, permit),
      abandoned() {
        permit.release()
        leave()
      },
    }
  }

  function failure(error: unknown): SinkResponse {
    const status = statusOf(error)
    return plainResponse(status, error instanceof RequestError ? error.message : 'something went wrong')
  }

  async function close(closeOptions: CloseOptions = {}): Promise<void> {
    for (const subscriber of running.values()) subscriber.flush()
    const drained = closeConnections(hub, closeOptions, { retry: retry.base, clock, random })
    for (const pipeline of running.keys()) pipeline.unsubscribe()
    await drained
    beats.rest()
  }
}

function ownStatus(error: unknown): number {
  return error instanceof RequestError ? error.status : 500
}

const ALL_TOPICS = { filter: everyTopic, rooms: [], user: undefined }
