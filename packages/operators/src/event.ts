/**
 * One event of a `text/event-stream`, as the HTML standard dispatches it. `type` is `'message'` where the stream
 * names none; `lastEventId` is the stream's cursor at dispatch, so it repeats until an event moves it.
 * A browser's `MessageEvent` fits.
 */
export interface SseEvent<T = string, E extends string = string> {
  readonly type: E
  readonly data: T
  readonly lastEventId: string
}

/** What a sink sends. Anything but a string is sent as JSON. `id: ''` resets the reader's cursor; no `id` leaves it alone. */
export interface SseMessage {
  readonly type?: string
  readonly data: unknown
  readonly id?: string
  readonly retry?: number
}
