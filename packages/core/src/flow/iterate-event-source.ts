import type { SseEvent } from '@rxsse/shared'
import type { Observable } from 'rxjs'
import type { UrlInput } from '../request/request-options.ts'
import { fromEventSource } from '../stream/from-event-source.ts'
import type { EventSourceOptions, Notice } from '../stream/options.ts'
import { createFlowGate, type FlowGate, type FlowGateOptions } from './flow-gate.ts'

/** The options of `iterateEventSource`. */
export interface IterateOptions<E extends string = string> extends Omit<EventSourceOptions<E>, 'gate'> {
  /** Reading stops when `high` events wait to be pulled, and resumes when `low` are left. Default: 256 and a quarter of `high`. */
  readonly buffer?: FlowGateOptions
}

/**
 * The same stream as `fromEventSource`, as an async iterator that is pulled. While too many events wait, the socket is not
 * read, so that the server slows to the reader's pace. Starts at the first pull. `break` ends it and closes the socket.
 */
export function iterateEventSource<const E extends string = string>(
  url: UrlInput,
  { buffer, ...options }: IterateOptions<E> = {},
): AsyncIterableIterator<SseEvent<string, E | Notice>, undefined> {
  return iterate((gate) => fromEventSource(url, { ...options, gate }), buffer)
}

/** Subscribes at the first pull. `return`, which `break` calls, unsubscribes at once, even if a pull waits. */
function iterate<T>(
  open: (gate: FlowGate) => Observable<T>,
  buffer: FlowGateOptions | undefined,
): AsyncIterableIterator<T, undefined> {
  const gate = createFlowGate({ high: 256, ...buffer })
  const source = open(gate)
  const ready: T[] = []
  const pulls: Pull<T>[] = []
  let subscription: { unsubscribe(): void } | undefined
  let over = false
  let failure: { readonly error: unknown } | undefined

  const settle = (): void => {
    while (pulls.length > 0 && (ready.length > 0 || over)) {
      const { resolve, reject } = pulls.shift() as Pull<T>
      if (ready.length > 0) {
        resolve({ done: false, value: ready.shift() as T })
        gate.release()
      } else if (failure) {
        reject(failure.error)
        failure = undefined
      } else {
        resolve({ done: true, value: undefined })
      }
    }
  }
  const finish = (error?: { readonly error: unknown }): void => {
    over = true
    failure = error
    settle()
  }

  return {
    next() {
      return new Promise((resolve, reject) => {
        pulls.push({ resolve, reject })
        subscription ??= source.subscribe({
          next(value) {
            ready.push(value)
            gate.acquire()
            settle()
          },
          error: (error) => finish({ error }),
          complete: () => finish(),
        })
        settle()
      })
    },
    async return() {
      // A later pull must not subscribe.
      subscription ??= { unsubscribe() {} }
      subscription.unsubscribe()
      ready.length = 0
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
