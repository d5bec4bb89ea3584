export type { Access, AccessDecision, AccessOptions, RoomOptions } from './access/access.ts'
export type { CorsOptions } from './access/cors.ts'
export { type HeaderRule, type HeaderRulesOptions, headerRules } from './access/header-rules.ts'
export type { LimitOptions, Place, SharedPlaces } from './access/limits.ts'
export type { FastifyHost, FastifyPlugin, FastifyReplyLike, FastifyRequestLike } from './adapter/fastify.ts'
export type { FetchHandler } from './adapter/fetch.ts'
export type { NodeHandler } from './adapter/node.ts'
export type { NodeRequest, NodeResponse } from './adapter/node-request.ts'
export type { ConnectionChange } from './connection/connection-change.ts'
export type { CloseOptions } from './drain.ts'
export type { Duration } from './duration.ts'
export type { EndpointOptions } from './endpoint.ts'
export { RequestError, SinkError, type SinkErrorCode } from './errors.ts'
export type { MaybePromise, SseEvent, SseMessage, Target, TypedMessage } from './event.ts'
export { defineEvents, type EventMap, type MessageOf } from './events.ts'
export type { Delivery } from './fan-out/hub.ts'
export type { HeartbeatOptions } from './heartbeat.ts'
export type { Published, PublishOptions } from './intake.ts'
export { type MemoryLogOptions, memoryLog } from './log/memory.ts'
export { type SqliteLogOptions, sqliteLog } from './log/sqlite.ts'
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
} from './log/types.ts'
export { readJson } from './read-json.ts'
export { lastEventIdOf, type SinkRequest } from './request.ts'
export { type ServeSinksOptions, type SinkServer, serveSinks } from './serve-sinks.ts'
export { createSink, type Sink } from './sink.ts'
export type { SinkOptions } from './sink-options.ts'
export type { SlowClientOptions } from './slow-client.ts'
export type { StandardSchema, StandardSchemaIssue } from './standard-schema.ts'
export type { SinkStats } from './stats.ts'
export { type StreamEndpoint, type StreamOptions, streamTo } from './stream-to.ts'
export type { TopicPattern } from './topic.ts'
export type {
  Publication,
  PublicationTrace,
  SinkTracing,
  TracedDelivery,
  TracedMessage,
  TraceFields,
} from './tracing.ts'
