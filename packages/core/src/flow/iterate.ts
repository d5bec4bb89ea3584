import type { Observable } from 'rxjs'
import type { EventSourceOptions } from '../options.ts'
import { createFlowGate, type FlowGate, type FlowGateOptions } from './flow-gate.ts'

/** The options of `iterateEventSource`. */
export interface IterateOptions<E extends string = string> extends Omit<EventSourceOptions<E>, 'gate'> {
  /** Reading stops when `high` events wait to be pulled, and goes on when `low` are left. Default 256 and a quarter of `high`. */
  readonly buffer?: FlowGateOptions
}

/**
 * A stream as an iterator: what `open` makes is subscribed to at the first pull, and its gate is shut while `high` values wait to be
 * pulled. `return`, which `break` calls, unsubscribes at once, also while a pull waits.
 */
export function iterate<T>(
  open: (gate: FlowGate) => Observable<T>,
  buffer: FlowGateOptions = {},
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
      // A pull after this one must not start what was never started.
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
