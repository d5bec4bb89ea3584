import type { Observer } from 'rxjs'
import { isPromise } from '../maybe-promise.ts'
import type { MaybePromise, SseMessage, Target, TypedMessage } from './message.ts'

export interface ObserverHost<M extends SseMessage> {
  accept(message: SseMessage, target: Target): MaybePromise<unknown>
  rejected(message: M, error: unknown): void
  failed(error: unknown): void
  completed(): void
}

/**
 * The face that a pipeline subscribes: it never throws, as RxJS would make that an uncaught exception of the
 * whole process.
 */
export function sinkObserver<M extends SseMessage>(
  target: Target | ((message: M) => Target),
  host: ObserverHost<M>,
): Observer<M> {
  let cursor = ''
  return {
    next(message) {
      try {
        const { sent, lastEventId } = withOwnId(message, cursor)
        cursor = lastEventId
        const taken = host.accept(sent, typeof target === 'function' ? target(message) : target)
        if (isPromise(taken)) taken.catch((error: unknown) => host.rejected(message, error))
      } catch (error) {
        host.rejected(message, error)
      }
    },
    error: (error: unknown) => host.failed(error),
    complete: () => host.completed(),
  }
}

/** What the message's reader will see as its type (HTML, 9.2.6). */
export function typeOf(type: string | undefined): string {
  return type === undefined || type === '' ? 'message' : type
}

export function withType<M extends SseMessage>(message: M): TypedMessage<M>
export function withType(message: SseMessage): TypedMessage {
  return isTyped(message) ? message : { ...message, type: typeOf(message.type) }
}

function isTyped(message: SseMessage): message is TypedMessage {
  return message.type !== undefined && message.type !== ''
}

/**
 * An event that was read from another stream carries that stream's cursor, which is sticky: it is the event's
 * own id only where it changed.
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
