import type { Subscription } from 'rxjs'
import { expect, vi } from 'vitest'
import {
  type ConnectionState,
  EventSourceError,
  type EventSourceOptions,
  fromEventSource,
  type SseEvent,
  type UrlInput,
} from '../src/index.ts'

/** A subscription and everything it received. */
export interface Recording {
  readonly events: readonly SseEvent[]
  readonly data: readonly string[]
  readonly states: readonly ConnectionState[]
  readonly statuses: readonly ConnectionState['status'][]
  readonly comments: readonly string[]
  readonly error: EventSourceError | undefined
  readonly completed: boolean
  readonly subscription: Subscription
  /** Resolves when the stream is over, with its error if it has one. */
  over(): Promise<EventSourceError | undefined>
  /** Resolves with the `nth` state of that status, from 1. */
  state<S extends ConnectionState['status']>(
    status: S,
    nth?: number,
  ): Promise<Extract<ConnectionState, { status: S }>>
  /** Resolves when `count` events have arrived. */
  received(count: number): Promise<void>
}

const WAIT = { timeout: 60_000, interval: 5 }

/** Subscribes to `fromEventSource` and records. */
export function record(url: UrlInput, options: EventSourceOptions = {}): Recording {
  const events: SseEvent[] = []
  const states: ConnectionState[] = []
  const comments: string[] = []
  let error: EventSourceError | undefined
  let completed = false
  const subscription = fromEventSource(url, {
    ...options,
    state: { next: (state) => states.push(state) },
    comments: { next: (comment) => comments.push(comment) },
  }).subscribe({
    next: (event) => events.push(event),
    error(reason) {
      if (!(reason instanceof EventSourceError)) throw reason
      error = reason
    },
    complete() {
      completed = true
    },
  })

  return {
    events,
    states,
    comments,
    subscription,
    get data() {
      return events.map((event) => event.data)
    },
    get statuses() {
      return states.map(({ status }) => status)
    },
    get error() {
      return error
    },
    get completed() {
      return completed
    },
    async over() {
      await expect.poll(() => error !== undefined || completed, WAIT).toBe(true)
      return error
    },
    state: <S extends ConnectionState['status']>(status: S, nth = 1) =>
      vi.waitFor(() => {
        const state = states.filter(
          (one): one is Extract<ConnectionState, { status: S }> => one.status === status,
        )[nth - 1]
        if (state === undefined) throw new Error(`no state ${status}`)
        return state
      }, WAIT),
    async received(count) {
      await expect.poll(() => events.length >= count, WAIT).toBe(true)
    },
  }
}
