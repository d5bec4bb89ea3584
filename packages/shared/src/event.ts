/** One event of a `text/event-stream` (HTML standard, 9.2 "Server-sent events"). A browser's `MessageEvent` fits. */
export interface SseEvent<T = string, E extends string = string> {
  /** The `event` field. `'message'` if the stream names none. */
  readonly type: E
  /** The `data` lines, joined by line feeds. */
  readonly data: T
  /** The stream's last event ID when the event was dispatched. An event without an `id` field repeats the ID before it. */
  readonly lastEventId: string
}

/** One message that a sink sends. */
export interface SseMessage {
  /** The event type: one line without NUL. The reader sees `'message'` if it is missing. */
  readonly type?: string
  /** A string is sent as it is. Anything else is sent as JSON. */
  readonly data: unknown
  /** The event ID: one line without NUL. `''` resets the reader's last event ID; without an `id` the reader keeps its own. */
  readonly id?: string
  /** The reconnection time in whole milliseconds. */
  readonly retry?: number
}
