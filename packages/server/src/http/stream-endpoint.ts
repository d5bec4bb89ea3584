import type { Duration } from '@rxsse/shared'
import { asyncScheduler, type SchedulerLike } from 'rxjs'
import { type LimitOptions, resolveLimits } from '../access/limits.ts'
import { createFastifyPlugin, type FastifyPlugin } from '../adapter/fastify.ts'
import { createFetchHandler, type FetchHandler } from '../adapter/fetch.ts'
import { createNodeHandler, type NodeHandler } from '../adapter/node.ts'
import { type Clock, createClock } from '../connection/clock.ts'
import { type CloseOptions, drainConnections } from '../connection/drain.ts'
import { createHeartbeatTimer, type HeartbeatOptions, resolveHeartbeat } from '../connection/heartbeat.ts'
import { type ReconnectionTime, resolveReconnectionTime } from '../connection/reconnection-time.ts'
import { resolveSlowClient, type SlowClientOptions, type SlowClientRules } from '../connection/slow-client.ts'
import { Hub, type HubListener } from '../fan-out/hub.ts'
import { type Counters, createCounters, type SinkStats } from '../sink/stats.ts'
import { createEndpoint, type EndpointHost, type EndpointOptions } from './endpoint.ts'

/** The options that `createSink` and `streamTo` share. */
export interface StreamEndpointOptions extends EndpointOptions {
  /** Keeps quiet connections alive; `false` for none. Default: a comment every 30 seconds. */
  readonly heartbeat?: HeartbeatOptions | false
  /**
   * How long clients wait before they connect again. Each is told a random time from this up to
   * twice this. `false` tells them nothing. Default `'2s'`.
   */
  readonly retry?: Duration | false
  /** How many clients may connect. Default: no limit. */
  readonly limits?: LimitOptions
  /** What happens to clients that read more slowly than events come. */
  readonly slowClient?: SlowClientOptions
  /**
   * Takes each connection away from node:http after its head is sent, so that an idle one holds
   * little more than its socket. Such a connection serves no other request, and closing the server
   * does not close it; `close` of this endpoint does. Default: only in `serveSinks`.
   */
  readonly takeover?: boolean
  /** Drives heartbeats and deadlines. Default: `asyncScheduler`. */
  readonly scheduler?: SchedulerLike
  /** Spreads reconnection times: numbers from [0, 1). Default: `Math.random`. */
  readonly random?: () => number
}

/** An HTTP endpoint that answers with event streams. */
export interface StreamEndpoint {
  /** For node:http, node:https, node:http2, Express and Connect. */
  readonly handler: NodeHandler
  /** From a Fetch `Request` to a `Response`: for Hono, Next, Bun, Deno and workers. */
  readonly fetch: FetchHandler
  /** For Fastify: `await app.register(sink.fastify, { path: '/live' })`. */
  readonly fastify: FastifyPlugin
  stats(): SinkStats
  /** Ends every stream, tells its client when to come back, and releases everything held. */
  close(options?: CloseOptions): Promise<void>
}

/** What differs between `createSink` and `streamTo`. */
export interface StreamEndpointHost
  extends Pick<EndpointHost, 'methods' | 'begin' | 'onError' | 'errorResponse'>,
    Partial<HubListener> {
  /** The id that heartbeats send. */
  readonly cursor: string | undefined
  /** Closes the endpoint. It must call `drain`, which ends the connections. */
  close(drain: () => Promise<void>): Promise<void>
}

/** The parts of an endpoint that `createSink` and `streamTo` work with. */
export interface StreamEndpointParts {
  readonly endpoint: StreamEndpoint
  readonly hub: Hub
  readonly counters: Counters
  readonly clock: Clock
  readonly retry: ReconnectionTime
  readonly slowClient: SlowClientRules
  /** Ends every stream; from now on, clients are answered 204 and do not come back. */
  complete(): void
}

export function createStreamEndpoint(
  options: StreamEndpointOptions,
  host: StreamEndpointHost,
): StreamEndpointParts {
  const { random = Math.random } = options
  const retry = resolveReconnectionTime(options.retry, random)
  const clock = createClock(options.scheduler ?? asyncScheduler)
  const counters = createCounters()
  const slowClient = resolveSlowClient(options.slowClient)
  const hub = new Hub(slowClient, counters, clock, {
    opened(connection) {
      heartbeats.update()
      host.opened?.(connection)
    },
    closed(connection) {
      heartbeats.update()
      host.closed?.(connection)
    },
    get delivered() {
      return host.delivered
    },
  })
  const heartbeats = createHeartbeatTimer(resolveHeartbeat(options.heartbeat), hub, host, clock)
  let state: 'open' | 'completed' | 'closing' = 'open'
  let closing: Promise<void> | undefined
  const endpoint = createEndpoint(options, {
    methods: host.methods,
    limits: resolveLimits(options.limits, retry.base, random),
    state: () => state,
    begin: host.begin,
    onError: host.onError,
    errorResponse: host.errorResponse,
  })

  return {
    hub,
    counters,
    clock,
    retry,
    slowClient,
    complete() {
      if (state !== 'open') return
      state = 'completed'
      hub.flush()
      for (const connection of hub.connections()) connection.end()
    },
    endpoint: {
      handler: createNodeHandler(endpoint, options.takeover),
      fetch: createFetchHandler(endpoint),
      fastify: createFastifyPlugin(endpoint),
      stats: () => ({ ...counters, connections: hub.size, behind: hub.behind }),
      close(closeOptions = {}) {
        state = 'closing'
        closing ??= host.close(() =>
          drainConnections(hub, closeOptions, { retry: retry.base, clock, random }),
        )
        return closing
      },
    },
  }
}
