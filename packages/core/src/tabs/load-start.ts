import { NEVER, type Observable, of, race, Subscription } from 'rxjs'
import { EventSourceError, type EventSourceErrorCode } from '../errors/event-source-error.ts'
import { loadStartId } from '../stream/load-start-id.ts'
import type { Settings } from '../stream/options.ts'
import { planReconnect, type ReconnectPlan } from '../stream/reconnect.ts'
import type { Waiting } from '../stream/state.ts'
import { wait } from '../stream/wait.ts'

export interface StartListener {
  onStart(lastEventId: string): void
  onWaiting(state: Waiting): void
  /** There are no more tries. */
  onEnd(error: EventSourceError | undefined): void
}

/**
 * Loads the ID to start from. If that fails, or takes too long, it is tried again like a connection, as the loader of
 * `fromEventSource` is.
 */
export function loadStart(
  settings: Settings,
  wakes: Observable<unknown>,
  listener: StartListener,
): Subscription {
  const { lastEventId, clock, limits, policy, random, transport } = settings
  const phase = transport.reportsConnected ? 'connect' : 'head'
  const limit = limits[phase]
  let current = Subscription.EMPTY
  const loading = new Subscription(() => current.unsubscribe())
  let previousError: EventSourceError | undefined
  /** Whether something woke the stream since it began to load. */
  let woken = false
  loading.add(
    wakes.subscribe(() => {
      woken = true
    }),
  )

  function load(attempt: number): void {
    woken = false
    const fail = (code: EventSourceErrorCode, message: string, cause?: unknown): void =>
      goOn(attempt, new EventSourceError(code, message, { attempt, cause }))
    const timeout = limit === undefined ? NEVER : clock.timer(limit)
    current = race(loadStartId(lastEventId), timeout).subscribe({
      next: (id) => {
        if (typeof id === 'number') fail(`${phase}-timeout`, `lastEventId was not loaded within ${limit} ms`)
        else {
          loading.unsubscribe()
          listener.onStart((id as string | undefined) ?? '')
        }
      },
      error: (cause: unknown) => fail('request', 'lastEventId cannot be loaded', cause),
    })
  }

  function goOn(attempt: number, error: EventSourceError): void {
    const next = plan(attempt, error)
    // `decide` may have unsubscribed.
    if (loading.closed) return
    if (next === 'complete') listener.onEnd(undefined)
    else if (next instanceof EventSourceError) listener.onEnd(next)
    else {
      previousError = error
      // Before it is told: an observer may wake the stream, or unsubscribe.
      current = wait(next, clock, woken ? of(true) : wakes).subscribe(() => load(attempt + 1))
      listener.onWaiting({ status: 'waiting', attempt, delay: next.delay, reason: error })
    }
  }

  function plan(attempt: number, error: EventSourceError): ReconnectPlan {
    const end = { error, attempt, failures: attempt - 1, opened: false, events: 0, previousError }
    const history = { openFor: -1, progressed: false, serverRetry: undefined, single: false }
    return planReconnect({ ...end, retryAfter: undefined }, history, policy, random())
  }

  load(1)
  return loading
}
