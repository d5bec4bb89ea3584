/**
 * One event as a reader gets it. `type` is `'message'` where the stream names none, and `lastEventId` is the
 * stream's cursor when the event was dispatched. A browser's `MessageEvent` fits.
 */
export interface SseEvent<T = string, E extends string = string> {
  readonly type: E
  readonly data: T
  readonly lastEventId: string
}

/**
 * What a sink sends.
 *
 * - `type`: the event type; without one the reader sees `'message'`. One line, no NUL.
 * - `data`: a string goes out as it is; anything else as JSON.
 * - `id`: `''` resets the reader's cursor, no `id` leaves it alone. One line, no NUL.
 * - `retry`: the reconnection time in whole milliseconds.
 */
export interface SseMessage {
  readonly type?: string
  readonly data: unknown
  readonly id?: string
  readonly retry?: number
}

/** A message as its reader sees it, with a type: `'message'` where it names none. */
export type TypedMessage<M extends SseMessage = SseMessage> = M extends SseMessage
  ? Omit<M, 'type'> & {
      readonly type: Exclude<M['type'], undefined> | (undefined extends M['type'] ? 'message' : never)
    }
  : never

/** Whom a message is for: one room's members, one user's connections, or everybody. */
export type Target = 'all' | { readonly room: string } | { readonly user: string }

/** A value, or a promise of it: what may be synchronous stays so. */
export type MaybePromise<T> = T | Promise<T>
