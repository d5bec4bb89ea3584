import { isPromise, type MaybePromise, type SseMessage } from '@rxsse/shared'
import type { Observer } from 'rxjs'
import { type Target, withOwnId } from './message.ts'

export interface SinkObserverHost<M extends SseMessage> {
  publish(message: SseMessage, target: Target): MaybePromise<unknown>
  onRejected(message: M, error: unknown): void
  onSourceError(error: unknown): void
  onComplete(): void
}

/** An Observer that never throws: RxJS would report that as an uncaught exception. */
export function createSinkObserver<M extends SseMessage>(
  target: Target | ((message: M) => Target),
  host: SinkObserverHost<M>,
): Observer<M> {
  let cursor = ''
  return {
    next(message) {
      try {
        const { sent, lastEventId } = withOwnId(message, cursor)
        cursor = lastEventId
        const published = host.publish(sent, typeof target === 'function' ? target(message) : target)
        if (isPromise(published)) published.catch((error: unknown) => host.onRejected(message, error))
      } catch (error) {
        host.onRejected(message, error)
      }
    },
    error: (error: unknown) => host.onSourceError(error),
    complete: () => host.onComplete(),
  }
}
