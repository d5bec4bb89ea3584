import type { SseEvent } from '@rxsse/shared'
import type { NextObserver, Observable } from 'rxjs'
import { checkMembers } from '#platform'
import type { EventSourceError } from '../errors/event-source-error.ts'
import type { UrlInput } from '../request/request-options.ts'
import { fromEventSource } from '../stream/from-event-source.ts'
import { notify } from '../stream/notify.ts'
import type { EventSourceOptions, Notice } from '../stream/options.ts'
import { createFlowGate, type FlowGate, type FlowGateOptions } from './flow-gate.ts'
import { Queue } from './queue.ts'

/** The options of `iterateEventSource`. */
export interface IterateOptions<E extends string = string>
  extends Omit<EventSourceOptions<E>, 'gate' | 'cursor'> {
  /** Reading stops when `high` events wait to be pulled, and resumes when `low` are left. Default: 256 and a quarter of `high`. */
  readonly buffer?: FlowGateOptions
  /**
   * Gets the last event ID when the next pull comes, so after everything up to it has been handled, if one pull follows another.
   * This is what a checkpoint saves. After `break`, the ID of the event that was pulled last is not told. Only `next` is called.
   */
  readonly cursor?: NextObserver<string>
}

/**
 * The same stream as `fromEventSource`, as an async iterator that is pulled. While too many events wait, the socket is not
 * read, so that the server slows to the reader's pace. Starts at the first pull. `break` ends it and closes the socket.
 */
export function iterateEventSource<const E extends string = string>(
  url: UrlInput,
  { buffer, cursor, ...options }: IterateOptions<E> = {},
): AsyncIterableIterator<SseEvent<string, E | Notice>, undefined> {
  if (cursor) checkMembers({ cursor })
  const open = (gate: FlowGate, ids: NextObserver<string>): Observable<SseEvent<string, E | Notice>> =>
    fromEventSource(url, { ...options, gate, ...(cursor && { cursor: ids }) })
  return iterate(open, buffer, cursor)
}

/** Subscribes at the first pull. `return`, which `break` calls, unsubscribes at once, even if a pull waits. */
function iterate<T extends object>(
  open: (gate: FlowGate, ids: NextObserver<string>) => Observable<T>,
  buffer: FlowGateOptions | undefined,
  cursor: NextObserver<string> | undefined,
): AsyncIterableIterator<T, undefined> {
  const gate = createFlowGate({ high: 256, ...buffer })
  const ready = new Queue<Entry<T>>()
  const pulls = new Queue<Pull<T>>()
  /** Of the event that was pulled last. Empty before the first. */
  let pulled: Entry<T> = {}
  /** Of the newest event. */
  let newest = pulled
  /** A pull says that the events before it have been handled. One that waited already says nothing. */
  let handled = true
  let subscription: { unsubscribe(): void } | undefined
  let over = false
  let failure: { readonly error: unknown } | undefined

  const tellId = (): void => {
    const { id } = pulled
    if (id === undefined || !handled) return
    delete pulled.id
    if (cursor) notify(cursor, id)
  }
  const settle = (): void => {
    while (pulls.size > 0) {
      tellId()
      if (ready.size === 0 && !over) return
      const pull = pulls.shift()
      // The observer may have called `return`.
      if (!pull) return
      const entry = ready.shift()
      if (entry) {
        // Still to be told, if several pulls waited.
        if (pulled.id !== undefined) entry.id ??= pulled.id
        pulled = entry
        handled = false
        pull.resolve({ done: false, value: entry.event as T })
        gate.release()
      } else if (failure) {
        pull.reject(failure.error)
        failure = undefined
      } else {
        pull.resolve({ done: true, value: undefined })
      }
    }
  }
  const finish = (error?: { readonly error: unknown }): void => {
    over = true
    failure = error
    settle()
  }
  const source = open(gate, {
    next(id) {
      // Many filtered events may set IDs while nobody pulls. The last one counts.
      newest.id = id
      settle()
    },
  })

  return {
    next() {
      return new Promise((resolve, reject) => {
        handled = true
        pulls.push({ resolve, reject })
        subscription ??= source.subscribe({
          next(event) {
            newest = { event }
            ready.push(newest)
            gate.acquire()
            settle()
          },
          error(error: EventSourceError) {
            // Whoever aborts wants no more events.
            if (error.code === 'aborted') ready.clear()
            finish({ error })
          },
          complete: () => finish(),
        })
        settle()
      })
    },
    async return() {
      // A later pull must not subscribe.
      subscription ??= { unsubscribe() {} }
      subscription.unsubscribe()
      ready.clear()
      pulled = {}
      finish()
      return { done: true, value: undefined }
    },
    [Symbol.asyncIterator]() {
      return this
    },
  }
}

interface Pull<T> {
  resolve(result: IteratorResult<T, undefined>): void
  reject(error: unknown): void
}

/** An event, and the last ID that the stream has set since. */
interface Entry<T> {
  readonly event?: T
  id?: string
}
