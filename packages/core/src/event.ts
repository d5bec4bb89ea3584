/** One event of a `text/event-stream` (HTML standard, 9.2 "Server-sent events"). A browser's `MessageEvent` fits. */
export interface SseEvent<T = string, E extends string = string> {
  /** The `event` field, or `'message'` where the stream names none. */
  readonly type: E
  /** The `data` lines, joined by line feeds. */
  readonly data: T
  /** The stream's cursor when the event was dispatched: sticky, so an event without an `id` of its own carries the one before it. */
  readonly lastEventId: string
}
