import { type NextObserver, Observable, type Subscriber, type Subscription } from 'rxjs'
import { type ConnectionListener, openConnection } from './connection.ts'
import { EventSourceError } from './errors.ts'
import type { SseEvent } from './event.ts'
import type { Settings } from './options.ts'
import { planReconnect, type ReconnectPlan } from './reconnect.ts'
import type { Closed, ConnectionState } from './state.ts'

/** Calls back whenever a waiting stream should try at once, as when the network is back. Returns how to stop that. */
export type WakeUp = (wake: () => void) => () => void

/** The Observable of a stream: each subscription is one logical stream that outlives its connections. */
export function eventStream<E extends string>(
  settings: Settings,
  wakeUp?: WakeUp,
): Observable<SseEvent<string, E>> {
  // The types that are not of E are filtered out, where E is not any string.
  return new Observable<SseEvent>((subscriber) => stream(settings, subscriber, wakeUp)) as Observable<
    SseEvent<string, E>
  >
}

/** Starts a stream; returns how to stop it. */
function stream(
  settings: Settings,
  subscriber: Subscriber<SseEvent>,
  wakeUp: WakeUp | undefined,
): () => void {
  const { scheduler, policy, random, lastEventId: start, state, comments } = settings
  let live = true
  let attempt = 0
  let failures = 0
  /** When the connection opened; never, until then. */
  let openedAt = Number.POSITIVE_INFINITY
  let serverRetry: number | undefined
  let started = false
  /** Undefined as long as neither the caller nor the stream has set one. */
  let lastEventId: string | undefined
  let previousError: EventSourceError | undefined
  let closeConnection: (() => void) | undefined
  let timer: Subscription | undefined

  const listener: ConnectionListener = {
    async cursor() {
      if (!started) {
        const id = await (typeof start === 'object'
          ? start.load()
          : typeof start === 'function'
            ? start()
            : start)
        // A loader that outlasted its connection must not set back what a later one has read.
        if (!started) lastEventId = id
        started = true
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
    onComment: comments && ((text) => tell(comments, text)),
    onEnd(error, retryAfter) {
      const plan = planNext(error, retryAfter)
      // To decide may have been to unsubscribe.
      if (!live) return
      if (plan.next === 'complete') {
        close('complete')
        subscriber.complete()
      } else if (plan.next === 'fail') {
        close(plan.error)
        subscriber.error(plan.error)
      } else {
        previousError = error
        failures = plan.failures
        openedAt = Number.POSITIVE_INFINITY
        report({ status: 'waiting', attempt, delay: plan.delay, reason: error ?? 'end' })
        wait(plan.delay)
      }
    },
  }

  connect()
  return () => close('unsubscribed')

  function connect(): void {
    attempt += 1
    closeConnection = openConnection(settings, attempt, previousError, listener)
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

  function wait(delay: number): void {
    // An observer of the state may have unsubscribed.
    if (!live) return
    const go = (): void => {
      timer?.unsubscribe()
      connect()
    }
    timer = scheduler.schedule(go, delay)
    timer.add(wakeUp?.(go))
  }

  function close(reason: Closed['reason']): void {
    if (!live) return
    live = false
    timer?.unsubscribe()
    closeConnection?.()
    report({ status: 'closed', reason })
  }

  function report(now: ConnectionState): void {
    if (state) tell(state, now)
  }
}

/** Calls an observer that must not break the stream: what it throws is reported as RxJS reports it, on a later turn. */
function tell<T>(observer: NextObserver<T>, value: T): void {
  new Observable<T>((subscriber) => subscriber.next(value))
    .subscribe((next) => observer.next(next))
    .unsubscribe()
}
