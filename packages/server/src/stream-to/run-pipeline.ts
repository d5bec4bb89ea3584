import type { MaybePromise, SseMessage } from '@rxsse/shared'
import type { ObservableInput, Subscription } from 'rxjs'
import type { Connection } from '../connection/connection.ts'
import type { ReconnectionTime } from '../connection/reconnection-time.ts'
import type { Hub } from '../fan-out/hub.ts'
import { type AdmittedRequest, createStreamResponse } from '../http/endpoint.ts'
import type { SinkResponse } from '../http/response.ts'
import { EVERY_TOPIC } from '../sink/topic.ts'
import { encodeComment } from '../wire/encode.ts'
import { PipelineSubscriber, type PipelineSubscriberHost } from './pipeline-subscriber.ts'
import { subscribeTo } from './pull.ts'
import type { Reply } from './reply.ts'
import type { PipelineRequest } from './response-gate.ts'

/** What the pipelines of an endpoint have in common. */
export interface PipelineContext<M extends SseMessage> extends Omit<PipelineSubscriberHost, 'setBehind'> {
  readonly hub: Hub
  readonly retry: ReconnectionTime
  readonly head: 'at-once' | 'first-event'
  readonly whenGone: 'unsubscribe' | 'finish'
  /** The pipelines that run. */
  readonly running: Set<Subscription>
  /** The subscribers that have a connection. */
  readonly connected: Set<PipelineSubscriber<M>>
  /** A pipeline has ended. */
  reportIdle(): void
  /** The response to an error before the head. */
  fail(error: unknown): SinkResponse
}

/** Subscribes to the pipeline of one request, and responds with what it sends. */
export function runPipeline<M extends SseMessage>(
  source: ObservableInput<M>,
  reply: Reply<M>,
  { permit, scope, expires }: AdmittedRequest,
  { setShut, end }: PipelineRequest,
  context: PipelineContext<M>,
): MaybePromise<SinkResponse> {
  const { hub, retry, head, whenGone, running, connected, reportIdle, fail } = context
  const subscriber = new PipelineSubscriber<M>({ ...context, setBehind: setShut })
  const pipeline = subscribeTo(source, subscriber, context.onError)
  running.add(pipeline)
  pipeline.add(() => {
    running.delete(pipeline)
    reportIdle()
  })
  const leave = () => {
    subscriber.abandon()
    // First, so that the error of what the signal aborts is not one of the pipeline.
    if (whenGone === 'unsubscribe') pipeline.unsubscribe()
    end()
  }
  scope.hold(leave)
  if (head === 'at-once' || subscriber.hasBegun) return createResponse()
  return subscriber.begun.then(createResponse)

  function createResponse(): SinkResponse {
    const outcome = subscriber.takeOutcomeBeforeHead()
    if (outcome?.as === 'failed') return fail(outcome.error)
    if (outcome !== undefined) {
      return { status: reply.status ?? 204, headers: { 'cache-control': 'no-store', ...reply.headers } }
    }
    const response = createStreamResponse((connect) => hub.open(EVERYTHING, permit, connect, begin, expires))
    return {
      ...response,
      status: reply.status ?? response.status,
      headers: { ...response.headers, ...reply.headers },
    }
  }

  function begin(connection: Connection): void {
    connected.add(subscriber)
    connection.onClosed(() => {
      connected.delete(subscriber)
      leave()
    })
    hub.join(connection)
    // Never without a byte: it shows proxies and clients that the server is alive.
    subscriber.connect(connection, retry.encode() || (subscriber.hasBegun ? '' : encodeComment('')))
  }
}

const EVERYTHING = { filter: EVERY_TOPIC, rooms: [], user: undefined }
