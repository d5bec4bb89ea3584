/** What both entries export, beside `fromEventSource` over their own transport. */
export type { Duration } from './duration.ts'
export { EventSourceError, type EventSourceErrorCode } from './errors.ts'
export type { SseEvent } from './event.ts'
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
export {
  type ConnectionEnd,
  type Decide,
  type Decision,
  defaultDecide,
  type ReconnectOptions,
  strictDecide,
} from './reconnect.ts'
export type { Closed, Connecting, ConnectionState, Open, Waiting } from './state.ts'
export { type FetchTransportOptions, fetchTransport } from './transport/fetch.ts'
export type {
  Transport,
  TransportConnection,
  TransportErrorCode,
  TransportHandler,
  TransportRequest,
  TransportResponse,
} from './transport/transport.ts'
