/** What every entry exports, beside `fromEventSource` over their own transport. */
export type { Checkpoint } from './checkpoint/checkpoint.ts'
export {
  type StorageCheckpoint,
  type StorageLike,
  storageCheckpoint,
} from './checkpoint/storage-checkpoint.ts'
export type { Duration } from './duration.ts'
export { EventSourceError, type EventSourceErrorCode } from './errors.ts'
export type { SseEvent } from './event.ts'
export { createFlowGate, type FlowGate, type FlowGateOptions } from './flow/flow-gate.ts'
export type { IterateOptions } from './flow/iterate.ts'
export type {
  Attempt,
  BodyInput,
  EventSourceOptions,
  Gate,
  HeadersInput,
  MaybePromise,
  Notice,
  PerAttempt,
  StartId,
  UrlInput,
} from './options.ts'
export type { ProbeOptions, ProbeStep } from './probe.ts'
export {
  type ConnectionEnd,
  type Decide,
  type Decision,
  defaultDecide,
  type ReconnectOptions,
  strictDecide,
} from './reconnect.ts'
export type { Closed, Connecting, ConnectionState, Open, Waiting } from './state.ts'
export type { FetchTransportOptions } from './transport/fetch.ts'
export type {
  Transport,
  TransportConnection,
  TransportErrorCode,
  TransportHandler,
  TransportRequest,
  TransportResponse,
} from './transport/transport.ts'
