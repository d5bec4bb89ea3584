// The entry `@rxsse/core/event-source`: the HTML standard's `EventSource` on this core.
export { ErrorEvent } from './error-event.ts'
export { EventSource } from './event-source.ts'
export type {
  EventSourceConstructor,
  EventSourceEventMap,
  EventSourceInit,
  FetchInit,
  FetchLike,
  FetchResponse,
} from './interface.ts'
