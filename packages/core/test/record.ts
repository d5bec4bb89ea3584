import type { Subscription } from 'rxjs'
import {
  type ConnectionState,
  EventSourceError,
  type EventSourceOptions,
  fromEventSource,
  type SseEvent,
  type UrlInput,
} from '../src/index.ts'

/** A subscription, and all it has been told. */
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
  /** Resolves with the first state of that status, from the `nth` on (from 1). */
  state<S extends ConnectionState['status']>(
    status: S,
    nth?: number,
  ): Promise<Extract<ConnectionState, { status: S }>>
  /** Resolves when so many events have come. */
  received(count: number): Promise<void>
}

/** Subscribes to `fromEventSource` and records. */
export function record(url: UrlInput, options: EventSourceOptions = {}): Recording {
  const events: SseEvent[] = []
  const states: ConnectionState[] = []
  const comments: string[] = []
  let error: EventSourceError | undefined
  let completed = false
  let waits: (() => boolean)[] = []
  const changed = (): void => {
    waits = waits.filter((check) => !check())
  }
  const until = <T>(get: () => T | undefined): Promise<T> =>
    new Promise((resolve) => {
      waits.push(() => {
        const value = get()
        if (value === undefined) return false
        resolve(value)
        return true
      })
      changed()
    })

  const subscription = fromEventSource(url, {
    ...options,
    state: {
      next(state) {
        states.push(state)
        changed()
      },
    },
    comments: {
      next(comment) {
        comments.push(comment)
        changed()
      },
    },
  }).subscribe({
    next(event) {
      events.push(event)
      changed()
    },
    error(reason) {
      if (!(reason instanceof EventSourceError)) throw reason
      error = reason
      changed()
    },
    complete() {
      completed = true
      changed()
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
    over: async () => {
      await until(() => (error !== undefined || completed ? true : undefined))
      return error
    },
    state: <S extends ConnectionState['status']>(status: S, nth = 1) =>
      until(
        () =>
          states.filter((state): state is Extract<ConnectionState, { status: S }> => state.status === status)[
            nth - 1
          ],
      ),
    received: async (count) => {
      await until(() => (events.length >= count ? true : undefined))
    },
  }
}
