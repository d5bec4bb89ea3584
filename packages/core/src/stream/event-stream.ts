import type { SseEvent } from '@rxsse/shared'
import { type NextObserver, Observable, type Subscriber, type Subscription } from 'rxjs'
import { EventSourceError } from '../errors/event-source-error.ts'
import { type ConnectionListener, openConnection } from './connection.ts'
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
  return new Observable<SseEvent>((subscriber) =>
    startStream(settings, subscriber, watchOnline),
  ) as Observable<SseEvent<string, E>>
}

/** Starts a stream. Returns a function that stops it. */
function startStream(
  settings: Settings,
  subscriber: Subscriber<SseEvent>,
  watchOnline: WatchOnline | undefined,
): () => void {
  const { scheduler, policy, random, state, comments } = settings
  let closed = false
  let attempt = 0
  let failures = 0
  /** When the current connection opened. Infinity until it opens. */
  let openedAt = Number.POSITIVE_INFINITY
  let serverRetry: number | undefined
  let loaded = false
  /** Undefined until the caller or the stream sets one. */
  let lastEventId: string | undefined
  let previousError: EventSourceError | undefined
  /** Stops what the stream does now: a connection, or the wait for the next one. */
  let stop = (): void => {}

  const listener: ConnectionListener = {
    async loadLastEventId() {
      if (!loaded) {
        const id = await loadStartId(settings.lastEventId)
        // A loader may outlast its connection. It must not replace the ID of a later connection.
        if (!loaded) lastEventId = id
        loaded = true
      }
      return lastEventId
    },
    onConnecting(url, id) {
      report({ status: 'connecting', attempt, url, lastEventId: id })
    },
    onOpen({ status, headers, url }) {
      openedAt = scheduler.now()
      report({ status: 'open', attempt, url, httpStatus: status, headers })
    },
    onEvent(type, data) {
      subscriber.next({ type, data, lastEventId: lastEventId ?? '' })
    },
    onId(id) {
      lastEventId = id
    },
    onRetry(milliseconds) {
      serverRetry = milliseconds
    },
    onComment: comments && ((text) => notify(comments, text)),
    onEnd(error, retryAfter) {
      const plan = planNext(error, retryAfter)
      // `decide` may have unsubscribed.
      if (closed) return
      if (plan.next === 'complete') {
        close('complete')
        subscriber.complete()
      } else if (plan.next === 'fail') {
        close(plan.error)
        subscriber.error(plan.error)
      } else {
        previousError = error
        failures = plan.failures
        report({ status: 'waiting', attempt, delay: plan.delay, reason: error ?? 'end' })
        // An observer of the state may have unsubscribed.
        if (!closed) wait(plan.delay)
      }
    },
  }

  connect()
  return () => close('unsubscribed')

  function connect(): void {
    attempt += 1
    openedAt = Number.POSITIVE_INFINITY
    stop = openConnection(settings, attempt, previousError, listener)
  }

  function wait(delay: number): void {
    const timer: Subscription = scheduler.schedule(end, delay)
    timer.add(watchOnline?.(end))
    stop = () => timer.unsubscribe()

    function end(): void {
      timer.unsubscribe()
      connect()
    }
  }

  function planNext(error: EventSourceError | undefined, retryAfter: number | undefined): ReconnectPlan {
    try {
      return planReconnect(
        { error, attempt },
        { failures, openFor: scheduler.now() - openedAt, serverRetry, retryAfter },
        policy,
        random(),
      )
    } catch (cause) {
      return {
        next: 'fail',
        error: new EventSourceError('request', 'reconnect.decide threw', { attempt, cause }),
      }
    }
  }

  function close(reason: Closed['reason']): void {
    if (closed) return
    closed = true
    stop()
    report({ status: 'closed', reason })
  }

  function report(now: ConnectionState): void {
    if (state) notify(state, now)
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
