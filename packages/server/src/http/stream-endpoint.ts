import { type Duration, parseTimeout, requireFunction } from '@rxsse/shared'
import { asyncScheduler, type SchedulerLike } from 'rxjs'
import type { RoomOptions } from '../access/access.ts'
import { type LimitOptions, resolveLimits } from '../access/limits.ts'
import { createFastifyPlugin, type FastifyPlugin } from '../adapter/fastify.ts'
import { createFetchHandler, type FetchHandler } from '../adapter/fetch.ts'
import { createH3Handler, type H3Handler } from '../adapter/h3.ts'
import { createKoaMiddleware, type KoaMiddleware } from '../adapter/koa.ts'
import { createNodeHandler, type NodeHandler } from '../adapter/node.ts'
import { type Clock, createClock } from '../connection/clock.ts'
import { type CloseOptions, drainConnections, encodeReturn } from '../connection/drain.ts'
import { createHeartbeatTimer, type HeartbeatOptions, resolveHeartbeat } from '../connection/heartbeat.ts'
import { addJitter, type ReconnectionTime, resolveReconnectionTime } from '../connection/reconnection-time.ts'
import { resolveSlowClient, type SlowClientOptions, type SlowClientRules } from '../connection/slow-client.ts'
import { Hub, type HubListener } from '../fan-out/hub.ts'
import { createResultError, requireMessage } from '../sink/callbacks.ts'
import { type Counters, createCounters, type SinkStats } from '../sink/stats.ts'
import { ANY, anObject, BOOLEAN, FUNCTION, HEADER_NAMES, type OptionChecks } from './check-options.ts'
import type { CorsOptions } from './cors.ts'
import { createEndpoint, type EndpointHost, type EndpointOptions } from './endpoint.ts'
import { PendingRequests } from './pending-requests.ts'

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
  /** For Koa: `app.use(sink.koa)`. */
  readonly koa: KoaMiddleware
  /** For h3 1 and 2, Nitro and Nuxt: `export default defineEventHandler(sink.h3)`. */
  readonly h3: H3Handler
  stats(): SinkStats
  /**
   * Ends every stream, tells its client when to come back, and releases everything held. Requests
   * that wait for their first byte are answered. Then `server.close()` has nothing to wait for.
   */
  close(options?: CloseOptions): Promise<void>
}

/** What differs between `createSink` and `streamTo`. */
export interface StreamEndpointHost
  extends Pick<
      EndpointHost,
      | 'isEndless'
      | 'methods'
      | 'filterParameter'
      | 'completed'
      | 'begin'
      | 'head'
      | 'onError'
      | 'errorResponse'
    >,
    Partial<HubListener> {
  /** The id that heartbeats send. */
  readonly cursor: string | undefined
  /** Resolves when no answer is running any more, or after that many milliseconds. */
  finished?(timeout: number): Promise<void>
  /** Closes the endpoint. It must call `drain`, which ends the connections. */
  close(drain: () => Promise<void>): Promise<void>
}

/** The parts of an endpoint that `createSink` and `streamTo` work with. */
export interface StreamEndpointParts {
  readonly endpoint: StreamEndpoint
  readonly hub: Hub
  readonly pending: PendingRequests
  readonly counters: Counters
  readonly clock: Clock
  readonly retry: ReconnectionTime
  /** The option, which cannot fail here. */
  readonly random: () => number
  readonly slowClient: SlowClientRules
}

export function createStreamEndpoint(
  options: StreamEndpointOptions,
  host: StreamEndpointHost,
): StreamEndpointParts {
  const { onError } = host
  if (options.rooms !== undefined) requireFunction(options.rooms.authorize, 'rooms.authorize')
  const random = createSafeRandom(options.random, onError)
  const retry = resolveReconnectionTime(options.retry, random)
  const clock = createClock(options.scheduler ?? asyncScheduler)
  const counters = createCounters()
  const slowClient = resolveSafeSlowClient(options.slowClient, onError)
  const hub = new Hub(slowClient, counters, clock, {
    opened(connection) {
      heartbeats.update()
      host.opened?.(connection)
      // Its response was on the way to its adapter when the others were ended.
      if (isDraining) connection.end(undefined, host.isEndless ? 'end' : 'cut')
    },
    joined: (connection) => host.joined?.(connection),
    expired(connection) {
      const delay = addJitter(retry.base, random)
      connection.end(encodeReturn(delay), host.isEndless ? 'end' : 'cut')
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
  const limits = resolveLimits(options.limits, { retry: retry.base, random, onError })
  const pending = new PendingRequests()
  let closing: Promise<void> | undefined
  let isClosing = false
  let isDraining = false
  const { isEndless, methods, filterParameter, begin, head, errorResponse } = host
  const endpoint = createEndpoint(options, {
    isEndless,
    clock,
    methods,
    limits,
    pending,
    filterParameter,
    isClosing: () => isClosing,
    completed: (request) => host.completed?.(request),
    begin,
    head,
    onError,
    errorResponse,
  })

  const handler = createNodeHandler(endpoint, options.takeover)
  const fetch = createFetchHandler(endpoint)

  return {
    hub,
    pending,
    counters,
    clock,
    retry,
    random,
    slowClient,
    endpoint: {
      handler,
      fetch,
      fastify: createFastifyPlugin(endpoint),
      koa: createKoaMiddleware(endpoint),
      h3: createH3Handler(handler, fetch),
      stats: () => ({
        ...counters,
        connections: hub.size,
        pending: limits.taken - hub.size,
        behind: hub.behind,
      }),
      close({ finish = 0, drain = 0 } = {}) {
        const finishTime = parseTimeout(finish, 'close: finish')
        const drainTime = parseTimeout(drain, 'close: drain')
        closing ??= close(finishTime, drainTime)
        return closing
      },
    },
  }

  /** Both times are milliseconds. */
  async function close(finishTime: number, drainTime: number): Promise<void> {
    isClosing = true
    pending.refuse('not begun')
    if (finishTime > 0) await host.finished?.(finishTime)
    pending.refuse('all')
    isDraining = true
    await host.close(() => drainConnections(hub, drainTime, { retry: retry.base, clock, random }))
  }
}

/** The checks of the options that endpoints share. Each endpoint adds its own. */
export const ENDPOINT_CHECKS: OptionChecks<StreamEndpointOptions> &
  OptionChecks<HeartbeatOptions, 'heartbeat.'> &
  OptionChecks<LimitOptions, 'limits.'> &
  OptionChecks<SlowClientOptions, 'slowClient.'> &
  OptionChecks<CorsOptions, 'cors.'> &
  OptionChecks<RoomOptions, 'rooms.'> = {
  access: FUNCTION,
  accept: ANY,
  identify: FUNCTION,
  trustQueryUser: BOOLEAN,
  takeover: BOOLEAN,
  retry: ANY,
  scheduler: ANY,
  random: FUNCTION,
  heartbeat: anObject("{ interval: '15s' }", false),
  'heartbeat.interval': ANY,
  'heartbeat.as': ANY,
  'heartbeat.type': ANY,
  'heartbeat.data': ANY,
  'heartbeat.comment': ANY,
  'heartbeat.onlyWhenQuiet': BOOLEAN,
  limits: anObject('{ connections: 10_000 }'),
  'limits.connections': ANY,
  'limits.connectionsPerKey': ANY,
  'limits.key': FUNCTION,
  'limits.across': ANY,
  'limits.queryNames': ANY,
  'limits.replayBytes': ANY,
  'limits.overload': ANY,
  slowClient: anObject("{ policy: 'coalesce' }"),
  'slowClient.maxMessages': ANY,
  'slowClient.maxBytes': ANY,
  'slowClient.stalledFor': ANY,
  'slowClient.policy': ANY,
  'slowClient.key': FUNCTION,
  'slowClient.notice': FUNCTION,
  cors: ANY,
  'cors.origins': ANY,
  'cors.credentials': BOOLEAN,
  'cors.headers': HEADER_NAMES,
  'cors.exposedHeaders': HEADER_NAMES,
  'cors.maxAge': ANY,
  rooms: ANY,
  'rooms.authorize': FUNCTION,
}

/** A notice must not throw when its client has caught up: that is deep in an event of its socket. */
function resolveSafeSlowClient(
  options: SlowClientOptions = {},
  onError: (error: unknown) => void,
): SlowClientRules {
  const { notice } = options
  const rules = resolveSlowClient({
    ...options,
    ...(notice && { notice: (skipped) => requireMessage(notice(skipped), 'slowClient.notice') }),
  })
  return {
    ...rules,
    notice(skipped) {
      try {
        return rules.notice(skipped)
      } catch (error) {
        onError(error)
        return DEFAULT_RULES.notice(skipped)
      }
    },
  }
}

const DEFAULT_RULES = resolveSlowClient()

/** A generator that fails must not stop a response half way. */
function createSafeRandom(
  random: () => number = Math.random,
  onError: (error: unknown) => void,
): () => number {
  return () => {
    try {
      const value: unknown = random()
      if (typeof value === 'number' && value >= 0 && value < 1) return value
      throw createResultError(value, 'random', 'a number from 0 up to 1')
    } catch (error) {
      onError(error)
      return Math.random()
    }
  }
}
