export type { Duration, MaybePromise, SseEvent, SseMessage } from '@rxsse/shared'
export type { Access, AccessDecision, AccessOptions, RoomOptions } from './access/access.ts'
export {
  type HeaderRule,
  type HeaderRulesOptions,
  headerRules,
  type NamedHeaderRule,
} from './access/header-rules.ts'
export type { LimitOptions, Permit, SharedPermits } from './access/limits.ts'
export type { FastifyHost, FastifyPlugin, FastifyReplyLike, FastifyRequestLike } from './adapter/fastify.ts'
export type { FetchHandler } from './adapter/fetch.ts'
export type { H3EventLike, H3Handler } from './adapter/h3.ts'
export type { KoaContextLike, KoaMiddleware } from './adapter/koa.ts'
export type { NodeHandler } from './adapter/node.ts'
export type { NodeRequest, NodeResponse } from './adapter/node-request.ts'
export {
  type ServeInWorkersOptions,
  type ServeSinksOptions,
  type SinkServer,
  serveSinks,
} from './adapter/serve-sinks.ts'
export type { SinkWorkers } from './cluster/serve-in-workers.ts'
export type { ConnectionChange } from './connection/connection-change.ts'
export type { CloseOptions } from './connection/drain.ts'
export type { HeartbeatOptions } from './connection/heartbeat.ts'
export type { SlowClientOptions } from './connection/slow-client.ts'
export type { Delivery } from './fan-out/hub.ts'
export type { CorsOptions } from './http/cors.ts'
export type { EndpointOptions } from './http/endpoint.ts'
export { readJson } from './http/read-json.ts'
export { readLastEventId, type SinkRequest } from './http/request.ts'
export type { StreamEndpoint, StreamEndpointOptions } from './http/stream-endpoint.ts'
export { LogEntryError } from './log/checked-log.ts'
export type {
  AppendOptions,
  EventLog,
  GapReason,
  LogEntry,
  LogGap,
  LoggedMessage,
  LogPage,
  LogPosition,
  LogTail,
  PageBounds,
} from './log/event-log.ts'
export { type FromLogOptions, fromLog } from './log/from-log.ts'
export { type MemoryLogOptions, memoryLog } from './log/memory-log.ts'
export { type SqliteLogOptions, sqliteLog } from './log/sqlite-log.ts'
export type { DisconnectOptions } from './replay/disconnect.ts'
export type { Newcomers } from './replay/newcomers.ts'
export { RequestError, SinkError, type SinkErrorCode } from './sink/errors.ts'
export { defineEvents, type EventMap, type MessageOf } from './sink/event-map.ts'
export type { Target, TypedMessage } from './sink/message.ts'
export type { Published, PublishOptions } from './sink/publisher.ts'
export { createSink, type Sink } from './sink/sink.ts'
export type { SinkOptions } from './sink/sink-options.ts'
export type { SinkStats } from './sink/stats.ts'
export type { TopicPattern } from './sink/topic.ts'
export type {
  Publication,
  PublicationTrace,
  SinkTracing,
  TracedDelivery,
  TracedMessage,
  TraceFields,
} from './sink/tracing.ts'
export { type Reply, type ReplyOptions, reply } from './stream-to/reply.ts'
export type { ResponseGate, StreamRequest } from './stream-to/response-gate.ts'
export { type StreamOptions, streamTo } from './stream-to/stream-to.ts'
