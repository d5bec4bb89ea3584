import type { SseMessage } from '@rxsse/shared'
import { from, type ObservableInput, Subscription } from 'rxjs'
import { callSafely } from '../sink/callbacks.ts'
import type { PipelineSubscriber } from './pipeline-subscriber.ts'

/** A source that gives its values one by one, and can be cancelled while it makes one. */
interface PullSource<M> {
  next(): PromiseLike<IteratorResult<M, unknown>> | IteratorResult<M, unknown>
  cancel(): unknown
}

/**
 * Sends a source to a subscriber until it is unsubscribed from. An Observable pushes. An iterable
 * or a ReadableStream is read at the pace of the client, and returned or cancelled at once if the
 * client leaves.
 */
export function subscribeTo<M extends SseMessage>(
  source: ObservableInput<M>,
  subscriber: PipelineSubscriber<M>,
  onError: (error: unknown) => void,
): Subscription {
  const pulled = toPullSource<M>(source)
  if (pulled === undefined) return from(source).subscribe(subscriber)
  const subscription = new Subscription()
  let finished = false
  subscription.add(() => {
    if (!finished) cancel(pulled, onError)
  })
  pull().catch((error: unknown) => {
    finished = true
    if (subscription.closed) return
    subscriber.error(error)
    subscription.unsubscribe()
  })
  return subscription

  async function pull(): Promise<void> {
    while (!subscription.closed) {
      const result = await pulled?.next()
      if (subscription.closed) return
      if (result === undefined || result.done === true) {
        finished = true
        subscriber.complete()
        break
      }
      subscriber.next(result.value)
      // A message that cannot be sent has ended the stream.
      if (subscriber.hasEnded) break
      const room = subscriber.whenRoom()
      if (room !== undefined) await room
    }
    subscription.unsubscribe()
  }
}

/** Cancels a source that nobody has subscribed to. */
export function cancelSource(source: ObservableInput<unknown>, onError: (error: unknown) => void): void {
  const pulled = toPullSource(source)
  if (pulled !== undefined) cancel(pulled, onError)
}

function cancel(source: PullSource<unknown>, onError: (error: unknown) => void): void {
  callSafely(() => source.cancel(), onError)
}

function toPullSource<M>(source: unknown): PullSource<M> | undefined {
  if (typeof source !== 'object' || source === null) return undefined
  if ('subscribe' in source || Symbol.for('observable') in source) return undefined
  // A reader can be cancelled while it waits. The iterator of a ReadableStream cannot.
  if (isReadableStream<M>(source)) {
    const reader = source.getReader()
    return {
      next: () => reader.read() as Promise<IteratorResult<M, unknown>>,
      cancel: () => reader.cancel(),
    }
  }
  const iterator =
    (source as Partial<AsyncIterable<M>>)[Symbol.asyncIterator]?.() ??
    (source as Partial<Iterable<M>>)[Symbol.iterator]?.()
  return iterator && { next: () => iterator.next(), cancel: () => iterator.return?.() }
}

function isReadableStream<M>(source: object): source is ReadableStream<M> {
  return 'getReader' in source && typeof source.getReader === 'function'
}
