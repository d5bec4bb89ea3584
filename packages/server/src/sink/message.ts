import type { SseMessage } from '@rxsse/shared'

/** A message as its reader sees it. It always has a type: `'message'` if the message names none. */
export type TypedMessage<M extends SseMessage = SseMessage> = M extends SseMessage
  ? Omit<M, 'type'> & {
      readonly type: Exclude<M['type'], undefined> | (undefined extends M['type'] ? 'message' : never)
    }
  : never

/** The clients that get a message: all, the members of a room, or a user's connections. */
export type Target =
  | 'all'
  | { readonly room: string; readonly user?: never }
  | { readonly user: string; readonly room?: never }

/** The type that the reader sees (HTML, 9.2.6). */
export function resolveType(type: string | undefined): string {
  return type === undefined || type === '' ? 'message' : type
}

/** The message with the type that its reader sees. */
export function withType<M extends SseMessage>(message: M): TypedMessage<M>
export function withType(message: SseMessage): TypedMessage {
  return isTyped(message) ? message : { ...message, type: resolveType(message.type) }
}

function isTyped(message: SseMessage): message is TypedMessage {
  return message.type !== undefined && message.type !== ''
}

/**
 * Turns the `lastEventId` of an event read from another stream into an `id`. It is sticky, so it is
 * the event's own id only if it differs from `cursor`, the one before it.
 */
export function withOwnId(message: SseMessage, cursor: string): { sent: SseMessage; lastEventId: string } {
  if (typeof message !== 'object' || message === null || !('lastEventId' in message) || 'id' in message) {
    return { sent: message, lastEventId: cursor }
  }
  const { type, data, lastEventId } = message
  if (typeof lastEventId !== 'string') return { sent: message, lastEventId: cursor }
  const own = { ...(type === undefined ? {} : { type }), data }
  return { sent: lastEventId === cursor ? own : { ...own, id: lastEventId }, lastEventId }
}
