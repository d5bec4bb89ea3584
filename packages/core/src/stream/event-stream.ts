import type { SseEvent } from '@rxsse/shared'
import { NEVER, Observable, ReplaySubject, race, Subject, type Subscriber, Subscription } from 'rxjs'
import { EventSourceError, type EventSourceErrorCode } from '../errors/event-source-error.ts'
import { resolveMethod } from '../request/request.ts'
import { createAttempt } from '../request/request-options.ts'
import type { TransportResponse } from '../transport/transport.ts'
import { Connection, type ConnectionListener } from './connection.ts'
import { loadStartId } from './load-start-id.ts'
import { notify } from './notify.ts'
import type { Settings } from './options.ts'
import { mayResend, planReconnect, type ReconnectPlan } from './reconnect.ts'
import { requireAnswer } from './require-answer.ts'
import type { Closed, ConnectionState } from './state.ts'
import { wait } from './wait.ts'
import { beginsLikeEventStream, type WarningCode } from './warnings.ts'

/**
 * Creates the Observable of a stream. Each subscription is one logical stream that outlives its connections. `online` emits when
 * the platform is online again.
 */
export function createEventStream<E extends string>(
  settings: Settings,
  online: Observable<unknown>,
): Observable<SseEvent<string, E>> {
  // The cast is sound: the decoder filters out every type that is not in E.
  return new Observable<SseEvent>((subscriber) => {
    const stream = new Stream(settings, subscriber)
    stream.open(online)
    return () => stream.close('unsubscribed')
  }) as Observable<SseEvent<string, E>>
}

class Stream implements ConnectionListener {
  readonly #settings: Settings
  readonly #subscriber: Subscriber<SseEvent>
  readonly #warned = new Set<string>()
  /** What wakes the stream. What does while it connects in vain came too late for that connection, so it counts for the next. */
  #wakes: Subject<unknown> = new ReplaySubject(1)
  /** What the stream does now: a connection, or the wait for the next one. */
  #current = Subscription.EMPTY
  #closed = false
  #attempt = 0
  #failures = 0
  /** When the current connection opened. Infinity until it opens. */
  #openedAt = Number.POSITIVE_INFINITY
  /** Events that the current connection has delivered. */
  #events = 0
  /** Whether it has received an event, also one that is filtered out. */
  #received = false
  /** The last event ID when the current connection began. */
  #idBefore: string | undefined
  /** Whether a request was sent that must not be sent again. */
  #unsafeSent = false
  /** Resolved already for the next connection. */
  #nextMethod: string | undefined
  #serverRetry: number | undefined
  #loaded = false
  /** Undefined until the caller or the stream sets one. */
  #lastEventId: string | undefined
  /** An ID that the `cursor` observer has not been told yet. */
  #untoldId: string | undefined
  #previousError: EventSourceError | undefined

  constructor(settings: Settings, subscriber: Subscriber<SseEvent>) {
    this.#settings = settings
    this.#subscriber = subscriber
  }

  open(online: Observable<unknown>): void {
    const { signal, wake } = this.#settings
    const abort = (): void => this.#fail('aborted', 'the signal was aborted', signal?.reason)
    if (signal?.aborted) abort()
    signal?.addEventListener('abort', abort)
    this.#subscriber.add(() => signal?.removeEventListener('abort', abort))
    const error = (cause: unknown): void => this.#fail('request', 'wake failed', cause)
    const next = (): void => {
      this.#wakes.next(undefined)
    }
    for (const source of [wake, online]) this.#subscriber.add(source?.subscribe({ next, error }))
    this.#connect()
  }

  close(reason: Closed['reason']): void {
    if (this.#closed) return
    this.#closed = true
    this.#current.unsubscribe()
    this.#report({ status: 'closed', reason })
  }

  async loadLastEventId(): Promise<string | undefined> {
    if (!this.#loaded) {
      const id = await loadStartId(this.#settings.lastEventId)
      // A loader may outlast its connection. It must not replace the ID of a later connection.
      if (!this.#loaded) this.#lastEventId = id
      this.#loaded = true
    }
    return this.#lastEventId
  }

  onConnecting(url: string, lastEventId: string): void {
    this.#idBefore = this.#lastEventId
    if (this.#lastEventId && !lastEventId)
      this.#warn('id-not-sent', 'the request cannot carry the last event ID')
    if (!this.#closed) this.#report({ status: 'connecting', attempt: this.#attempt, url, lastEventId })
  }

  onOpen({ status, headers, url }: TransportResponse): void {
    this.#openedAt = this.#settings.clock.now()
    this.#wakes = new Subject()
    this.#report({ status: 'open', attempt: this.#attempt, url, httpStatus: status, headers })
  }

  onEvent(type: string, data: string): void {
    this.#events += 1
    const event = { type, data, lastEventId: this.#lastEventId ?? '' }
    this.#subscriber.next(event)
    this.onParsed()
    if (type === 'gap') this.#warn('gap', 'the server has lost some events')
    try {
      if (!this.#closed && requireAnswer(this.#settings.until?.(event), 'until')) this.#end('complete')
    } catch (cause) {
      this.#fail('request', 'until threw', cause)
    }
  }

  onId(id: string): void {
    // The block before this one may have set an ID without an event.
    if (this.#untoldId !== undefined) this.onParsed()
    this.#lastEventId = this.#untoldId = id
  }

  /** Tells the `cursor` observer the last ID, now that everything up to it has been delivered. */
  onParsed(hadEvents = false): void {
    if (hadEvents) this.#received = true
    const { cursor } = this.#settings
    const id = this.#untoldId
    this.#untoldId = undefined
    if (cursor && id !== undefined && !this.#closed) notify(cursor, id)
  }

  onRetry(milliseconds: number): void {
    this.#serverRetry = milliseconds
  }

  onBadRetry(): void {
    this.#warn('bad-retry', 'a retry is no number')
  }

  onStart(bytes: Uint8Array): void {
    if (!beginsLikeEventStream(bytes)) this.#warn('no-events', 'the body is no event stream')
  }

  onEnd(error: EventSourceError | undefined, unfinished: boolean, sentMethod: string | undefined): void {
    const { policy, method } = this.#settings
    const isSingle = policy.resend === 'never'
    this.#unsafeSent ||= sentMethod !== undefined && !mayResend(policy, sentMethod)
    if (this.#unsafeSent && typeof method === 'function' && !isSingle) {
      this.#askMethod(error, (next) => {
        this.#nextMethod = next
        this.#goOn(error, unfinished, !mayResend(policy, next))
      })
    } else {
      this.#goOn(error, unfinished, this.#unsafeSent || isSingle)
    }
  }

  /** Asks for the method of the next connection, because it decides whether there is one. */
  #askMethod(previousError: EventSourceError | undefined, onMethod: (method: string) => void): void {
    const { clock, limits } = this.#settings
    const attempt = createAttempt(this.#attempt + 1, this.#lastEventId, previousError)
    const timeout = limits.head === undefined ? NEVER : clock.timer(limits.head)
    const fail = (cause?: unknown): void => this.#fail('request', 'the method cannot be made', cause)
    this.#current = race(resolveMethod(this.#settings, attempt), timeout).subscribe({
      next: (method) => (typeof method === 'string' ? onMethod(method) : fail()),
      error: fail,
    })
  }

  #connect(): void {
    // Whatever ran last may have unsubscribed.
    if (this.#closed) return
    this.#attempt += 1
    this.#openedAt = Number.POSITIVE_INFINITY
    this.#events = 0
    this.#received = false
    this.#wakes = new ReplaySubject(1)
    const start = { number: this.#attempt, previousError: this.#previousError, method: this.#nextMethod }
    const connection = new Connection(this.#settings, start, this)
    // Before it opens: a loader may unsubscribe at once.
    this.#current = connection
    connection.open()
  }

  #goOn(reason: EventSourceError | undefined, unfinished: boolean, single: boolean): void {
    const error = single ? this.#checkComplete(reason, unfinished) : reason
    const plan = this.#plan(error, single)
    // `decide` may have unsubscribed.
    if (this.#closed) return
    if (plan === 'complete' || plan instanceof EventSourceError) {
      this.#end(plan)
    } else {
      const { clock } = this.#settings
      const { delay, failures } = plan
      this.#previousError = error
      this.#failures = failures
      // Before the report: its observer may wake the stream, or unsubscribe.
      this.#current = wait(plan, clock, this.#wakes).subscribe(() => this.#connect())
      this.#report({
        status: 'waiting',
        attempt: this.#attempt,
        delay,
        reason: error ?? 'end',
        serverRetry: this.#serverRetry,
        retryAfter: error?.retryAfter,
      })
    }
  }

  /** The proper end of a single response is an error if the response is not whole. */
  #checkComplete(error: EventSourceError | undefined, unfinished: boolean): EventSourceError | undefined {
    const early = this.#settings.until && (error === undefined || error.status === 204)
    if (!early && !(unfinished && error === undefined)) return error
    const message = `the response ended ${unfinished ? 'inside an event' : 'before until was true'}`
    return new EventSourceError('incomplete', message, { ...error, attempt: this.#attempt, cause: error })
  }

  #plan(error: EventSourceError | undefined, single: boolean): ReconnectPlan {
    const { clock, policy, random } = this.#settings
    const openFor = clock.now() - this.#openedAt
    const end = {
      error,
      attempt: this.#attempt,
      failures: this.#failures,
      opened: openFor >= 0,
      events: this.#events,
      previousError: this.#previousError,
      retryAfter: error?.retryAfter,
    }
    const progressed = this.#received || this.#lastEventId !== this.#idBefore
    const history = { openFor, progressed, serverRetry: this.#serverRetry, single }
    return planReconnect(end, history, policy, random())
  }

  #fail(code: EventSourceErrorCode, message: string, cause: unknown): void {
    this.#end(new EventSourceError(code, message, { attempt: this.#attempt, cause }))
  }

  #end(reason: EventSourceError | 'complete'): void {
    this.close(reason)
    if (reason === 'complete') this.#subscriber.complete()
    else this.#subscriber.error(reason)
  }

  #warn(code: WarningCode, message: string): void {
    const { warnings } = this.#settings
    // A lasting fault is told once. Each gap is a loss of its own.
    if (this.#closed || !warnings || this.#warned.has(code)) return
    if (code !== 'gap') this.#warned.add(code)
    notify(warnings, { code, message })
  }

  #report(now: ConnectionState): void {
    if (this.#settings.state) notify(this.#settings.state, now)
  }
}
