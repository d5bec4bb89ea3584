import type { SseEvent } from '@rxsse/shared'
import { type NextObserver, Observable, type Subscriber, type Subscription } from 'rxjs'
import { EventSourceError } from '../errors/event-source-error.ts'
import { Connection, type ConnectionListener } from './connection.ts'
import type { Settings, StartId } from './options.ts'
import { planReconnect, type ReconnectPlan } from './reconnect.ts'
import type { Closed, ConnectionState } from './state.ts'

/** Calls `onOnline` when the platform is online again. Returns a function that stops it. */
export type WatchOnline = (onOnline: () => void) => () => void

/** Creates the Observable of a stream. Each subscription is one logical stream that outlives its connections. */
export function createEventStream<E extends string>(
  settings: Settings,
  watchOnline: WatchOnline | undefined,
): Observable<SseEvent<string, E>> {
  // The cast is sound: the decoder filters out every type that is not in E.
  return new Observable<SseEvent>((subscriber) => {
    const stream = new Stream(settings, subscriber, watchOnline)
    return () => stream.close('unsubscribed')
  }) as Observable<SseEvent<string, E>>
}

class Stream {
  readonly #settings: Settings
  readonly #subscriber: Subscriber<SseEvent>
  readonly #watchOnline: WatchOnline | undefined
  readonly #listener: ConnectionListener
  #closed = false
  #attempt = 0
  #failures = 0
  /** When the current connection opened. Infinity until it opens. */
  #openedAt = Number.POSITIVE_INFINITY
  #serverRetry: number | undefined
  #loaded = false
  /** Undefined until the caller or the stream sets one. */
  #lastEventId: string | undefined
  #previousError: EventSourceError | undefined
  /** Stops what the stream does now: a connection, or the wait for the next one. */
  #stop = (): void => {}

  constructor(settings: Settings, subscriber: Subscriber<SseEvent>, watchOnline: WatchOnline | undefined) {
    this.#settings = settings
    this.#subscriber = subscriber
    this.#watchOnline = watchOnline
    this.#listener = this.#createListener()
    this.#connect()
  }

  close(reason: Closed['reason']): void {
    if (this.#closed) return
    this.#closed = true
    this.#stop()
    this.#report({ status: 'closed', reason })
  }

  #connect(): void {
    this.#attempt += 1
    this.#openedAt = Number.POSITIVE_INFINITY
    const connection = new Connection(this.#settings, this.#attempt, this.#previousError, this.#listener)
    this.#stop = () => connection.close()
  }

  #createListener(): ConnectionListener {
    const { scheduler, comments } = this.#settings
    return {
      loadLastEventId: () => this.#loadLastEventId(),
      onConnecting: (url, lastEventId) =>
        this.#report({ status: 'connecting', attempt: this.#attempt, url, lastEventId }),
      onOpen: ({ status, headers, url }) => {
        this.#openedAt = scheduler.now()
        this.#report({ status: 'open', attempt: this.#attempt, url, httpStatus: status, headers })
      },
      onEvent: (type, data) => this.#subscriber.next({ type, data, lastEventId: this.#lastEventId ?? '' }),
      onId: (id) => {
        this.#lastEventId = id
      },
      onRetry: (milliseconds) => {
        this.#serverRetry = milliseconds
      },
      onComment: comments && ((text) => notify(comments, text)),
      onEnd: (error, retryAfter) => this.#onEnd(error, retryAfter),
    }
  }

  async #loadLastEventId(): Promise<string | undefined> {
    if (!this.#loaded) {
      const id = await loadStartId(this.#settings.lastEventId)
      // A loader may outlast its connection. It must not replace the ID of a later connection.
      if (!this.#loaded) this.#lastEventId = id
      this.#loaded = true
    }
    return this.#lastEventId
  }

  #onEnd(error: EventSourceError | undefined, retryAfter: number | undefined): void {
    const plan = this.#plan(error, retryAfter)
    // `decide` may have unsubscribed.
    if (this.#closed) return
    if (plan.next === 'complete') {
      this.close('complete')
      this.#subscriber.complete()
    } else if (plan.next === 'fail') {
      this.close(plan.error)
      this.#subscriber.error(plan.error)
    } else {
      this.#previousError = error
      this.#failures = plan.failures
      const { delay } = plan
      this.#report({ status: 'waiting', attempt: this.#attempt, delay, reason: error ?? 'end' })
      // An observer of the state may have unsubscribed.
      if (!this.#closed) this.#wait(delay)
    }
  }

  #plan(error: EventSourceError | undefined, retryAfter: number | undefined): ReconnectPlan {
    const { scheduler, policy, random } = this.#settings
    const attempt = this.#attempt
    const openFor = scheduler.now() - this.#openedAt
    const history = { failures: this.#failures, openFor, serverRetry: this.#serverRetry, retryAfter }
    try {
      return planReconnect({ error, attempt }, history, policy, random())
    } catch (cause) {
      return {
        next: 'fail',
        error: new EventSourceError('request', 'reconnect.decide threw', { attempt, cause }),
      }
    }
  }

  #wait(delay: number): void {
    const end = (): void => {
      timer.unsubscribe()
      this.#connect()
    }
    const timer: Subscription = this.#settings.scheduler.schedule(end, delay)
    timer.add(this.#watchOnline?.(end))
    this.#stop = () => timer.unsubscribe()
  }

  #report(now: ConnectionState): void {
    if (this.#settings.state) notify(this.#settings.state, now)
  }
}

async function loadStartId(start: StartId | undefined): Promise<string | undefined> {
  if (typeof start === 'object') return start.load()
  return typeof start === 'function' ? start() : start
}

/** Calls an observer that must not break the stream. RxJS reports what it throws, on a later turn. */
function notify<T>(observer: NextObserver<T>, value: T): void {
  new Observable<T>((subscriber) => subscriber.next(value))
    .subscribe((next) => observer.next(next))
    .unsubscribe()
}
