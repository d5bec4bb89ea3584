import { asyncScheduler, type Observable, type Observer, Subject } from 'rxjs'
import { resolveLimits } from '../access/limits.ts'
import { type FastifyPlugin, fastifyPlugin } from '../adapter/fastify.ts'
import { type FetchHandler, fetchHandler } from '../adapter/fetch.ts'
import { type NodeHandler, nodeHandler } from '../adapter/node.ts'
import { createClock } from '../connection/clock.ts'
import { type ConnectionChange, createConnectionChange } from '../connection/connection-change.ts'
import { type CloseOptions, closeConnections } from '../connection/drain.ts'
import { resolveHeartbeat } from '../connection/heartbeat.ts'
import { createHeartbeatTimer } from '../connection/heartbeat-timer.ts'
import { resolveRetry } from '../connection/retry.ts'
import { resolveSlowClient } from '../connection/slow-client.ts'
import { type Delivery, Hub } from '../fan-out/hub.ts'
import { createEndpoint } from '../http/endpoint.ts'
import { createAdmission } from '../replay/admit.ts'
import { Sequencer } from '../replay/sequencer.ts'
import { checkEvent, type EventMap, type MessageOf } from './event-map.ts'
import type { SseMessage, Target, TypedMessage } from './message.ts'
import { type Published, Publisher, type PublishOptions } from './publisher.ts'
import { type ObserverHost, sinkObserver, typeOf, withType } from './sink-observer.ts'
import type { SinkOptions } from './sink-options.ts'
import { createCounters, type SinkStats } from './stats.ts'
import { topicFilter } from './topic.ts'
import { quietTracing, type TracedMessage } from './tracing.ts'

/**
 * Observables as an SSE endpoint. Subscribed to a pipeline, the sink itself broadcasts; it never throws, and
 * what it refuses is counted and handed to `onRejected`.
 */
export interface Sink<M extends SseMessage = SseMessage> extends Observer<M> {
  /** For node:http, node:https, node:http2, Express and Connect. */
  readonly handler: NodeHandler
  /** From a Fetch `Request` to a `Response`: for Hono, Next, Bun, Deno and workers. */
  readonly fetch: FetchHandler
  /** For Fastify: `await app.register(sink.fastify, { path: '/live' })`. */
  readonly fastify: FastifyPlugin
  /** An Observer whose messages go to the clients in a room. */
  room(name: string): Observer<M>
  /** An Observer whose messages go to one user's connections. */
  user(id: string): Observer<M>
  /**
   * An Observer that asks for each message whom it is for: `sink.to(({ type }) => ({ room: type }))`. The type is there,
   * `'message'`, also where the message names none.
   */
  to(target: (message: TypedMessage<M>) => Target): Observer<M>
  /**
   * Sends one message, to everybody unless a target is given. Resolves when the log has it; rejects with a
   * `SinkError` where it is not taken.
   */
  publish(message: M, target?: Target, options?: PublishOptions): Promise<Published>
  stats(): SinkStats
  /** Connections as they open and close. */
  readonly connections$: Observable<ConnectionChange>
  /** Each tick's delivery, as it is done. Nothing is measured while nobody is subscribed. */
  readonly deliveries$: Observable<Delivery>
  /** Ends every stream, telling its client when to come back, and releases what the sink holds, its log too. */
  close(options?: CloseOptions): Promise<void>
}

/**
 * Makes a {@link Sink}. With `events`, it sends those types alone, and checks their data. Throws at once where
 * an option is not as it must be.
 */
export function createSink<const Events extends EventMap>(
  options: SinkOptions<MessageOf<Events>> & { readonly events: Events },
): Sink<MessageOf<Events>>
export function createSink<M extends SseMessage = SseMessage>(options?: SinkOptions<M>): Sink<M>
export function createSink<M extends SseMessage = SseMessage>(options: SinkOptions<M> = {}): Sink<M> {
  const { onRejected, onComplete = 'stay', random = Math.random } = options
  const onError = (error: unknown) => quietly(() => (options.onError ?? console.error)(error))
  const retry = resolveRetry(options.retry, random)
  const clock = createClock(options.scheduler ?? asyncScheduler)
  const counters = createCounters()
  const slowClient = resolveSlowClient(options.slowClient)
  const match = topicFilter(options.match ?? '*')
  const tracing = options.tracing && quietTracing(options.tracing, onError)
  const changes = new Subject<ConnectionChange>()
  const deliveries = new Subject<Delivery>()
  const hub = new Hub(slowClient, counters, clock, {
    opened(connection) {
      beats.start()
      changes.next(createConnectionChange('opened', connection))
    },
    closed(connection) {
      beats.rest()
      changes.next(createConnectionChange('closed', connection))
    },
    get delivered() {
      return deliveries.observed || tracing !== undefined ? delivered : undefined
    },
  })
  const delivered = (delivery: Delivery, messages: readonly TracedMessage[]) => {
    deliveries.next(delivery)
    if (messages.length > 0) tracing?.deliver({ ...delivery, messages })
  }
  const sequencer = new Sequencer(options.log, hub, { clock, random, onError })
  const beats = createHeartbeatTimer(resolveHeartbeat(options.heartbeat), hub, sequencer, clock)
  const topic = (options.topic ?? (({ type }) => typeOf(type))) as (message: SseMessage) => string
  const { events } = options
  const check = events === undefined ? undefined : (message: SseMessage) => checkEvent(events, message)
  const sourceId = options.sourceId as ((message: SseMessage) => string | undefined) | undefined
  const trace = tracing?.publish
  const publisher = new Publisher({ topic, match, slowClient, counters, sequencer, check, sourceId, trace })
  const open = createAdmission({ hub, sequencer, retry, greeting: options.greeting, onError }, options)
  let state: 'open' | 'completed' | 'closing' = 'open'
  const endpoint = createEndpoint(options, {
    methods: ['GET'],
    limits: resolveLimits(options.limits, retry.base, random),
    closed: () => (state === 'open' ? undefined : state),
    begin: open,
    onError,
  })
  let closing: Promise<void> | undefined

  const host: ObserverHost<M> = {
    accept: (message, target) => publisher.accept(message, target),
    rejected(message, error) {
      counters.rejected++
      quietly(() => onRejected?.(message, error))
    },
    failed(error) {
      counters.sourceErrors++
      onError(error)
    },
    completed() {
      if (onComplete === 'stay' || state !== 'open') return
      state = 'completed'
      hub.flush()
      for (const connection of hub.connections()) connection.end()
    },
  }

  return {
    ...sinkObserver<M>('all', host),
    room: (name) => sinkObserver<M>({ room: name }, host),
    user: (id) => sinkObserver<M>({ user: id }, host),
    to: (target) => sinkObserver<M>((message) => target(withType(message)), host),

    async publish(message, target = 'all', publishOptions) {
      try {
        return { id: await publisher.accept(message, target, publishOptions) }
      } catch (error) {
        counters.rejected++
        throw error
      }
    },

    handler: nodeHandler(endpoint, options.takeover),
    fetch: fetchHandler(endpoint),
    fastify: fastifyPlugin(endpoint),

    connections$: changes.asObservable(),
    deliveries$: deliveries.asObservable(),
    stats: () => ({ ...counters, connections: hub.size, behind: hub.behind }),

    close(closeOptions) {
      closing ??= close(closeOptions)
      return closing
    },
  }

  async function close(closeOptions: CloseOptions = {}): Promise<void> {
    state = 'closing'
    const unchecked = publisher.close()
    if (unchecked !== undefined) await unchecked
    await closeConnections(hub, closeOptions, { retry: retry.base, clock, random })
    await sequencer.close()
    changes.complete()
    deliveries.complete()
  }
}

/** A callback of the user's must not throw into a pipeline. */
function quietly(call: () => void): void {
  try {
    call()
  } catch (error) {
    console.error(error)
  }
}
