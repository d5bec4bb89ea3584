// The entry for browsers, Deno, Bun and edge runtimes: everything that works with `fetch` alone.
export type { Duration, MaybePromise, SseEvent } from '@rxsse/shared'
export { fetchTransport } from '#platform'
export type { Checkpoint } from './checkpoint/checkpoint.ts'
export {
  type StorageCheckpoint,
  type StorageLike,
  storageCheckpoint,
} from './checkpoint/storage-checkpoint.ts'
export { EventSourceError, type EventSourceErrorCode } from './errors/event-source-error.ts'
export {
  type EventBytes,
  type EventsFromOptions,
  eventsFrom,
  type ResponseLike,
} from './flow/events-from.ts'
export { createFlowGate, type FlowGate, type FlowGateOptions } from './flow/flow-gate.ts'
export type { Gate } from './flow/gate.ts'
export { type IterateOptions, iterateEventSource } from './flow/iterate-event-source.ts'
export type { Attempt, BodyInput, HeadersInput, PerAttempt, UrlInput } from './request/request-options.ts'
export type { OtherContent, OtherEvent, ReadOtherContent } from './response/other-content.ts'
export { fromEventSource } from './stream/from-event-source.ts'
export type { EventSourceOptions, Notice, StartId } from './stream/options.ts'
export { type ProbeOptions, type ProbeStep, probeEventSource } from './stream/probe-event-source.ts'
export {
  type ConnectionEnd,
  type Decide,
  type Decision,
  defaultDecide,
  type ReconnectOptions,
  strictDecide,
} from './stream/reconnect.ts'
export type { Closed, Connecting, ConnectionState, Open, Waiting } from './stream/state.ts'
export type { Warning, WarningCode } from './stream/warnings.ts'
export type { FetchTransportOptions } from './transport/fetch.ts'
export type {
  Transport,
  TransportConnection,
  TransportErrorCode,
  TransportHandler,
  TransportRequest,
  TransportResponse,
} from './transport/transport.ts'
