import type { SseEvent } from '@rxsse/shared'
import { Observable, type Subscriber } from 'rxjs'
import { EventSourceError, type EventSourceErrorCode } from '../errors/event-source-error.ts'
import { resolveMethod } from '../request/request.ts'
import { Connection, type ConnectionListener } from './connection.ts'
import { notify } from './notify.ts'
import type { Settings, StartId } from './options.ts'
import { mayResend, planReconnect, type ReconnectPlan } from './reconnect.ts'
import type { Closed, ConnectionState } from './state.ts'
import { startWait, type Wait, type WatchOnline } from './wait.ts'
import { beginsLikeEventStream, type WarningCode } from './warnings.ts'

/** Creates the Observable of a stream. Each subscription is one logical stream that outlives its connections. */
export function createEventStream<E extends string>(
  settings: Settings,
  watchOnline: WatchOnline | undefined,
): Observable<SseEvent<string, E>> {
  // The cast is sound: the decoder filters out every type that is not in E.
  return new Observable<SseEvent>((subscriber) => {
    const stream = new Stream(settings, subscriber, watchOnline)
    stream.open()
    return () => stream.close('unsubscribed')
  }) as Observable<SseEvent<string, E>>
}

class Stream {
  readonly #settings: Settings
  readonly #subscriber: Subscriber<SseEvent>
  readonly #watchOnline: WatchOnline | undefined
  readonly #listener: ConnectionListener
  /** Whether something must be done after each event. */
  readonly #watched: boolean
  readonly #warned = new Set<string>()
  #closed = false
  #attempt = 0
  #failures = 0
  #connection: Connection | undefined
  /** When the current connection opened. Infinity until it opens. */
  #openedAt = Number.POSITIVE_INFINITY
  /** Events that the current connection has delivered. */
  #events = 0
  /** The last event ID when the current connection began. */
  #idBefore: string | undefined
  /** Whether a request was sent that must not be sent again. */
  #unsafeSent = false
  #nextMethod: string | undefined
  #serverRetry: number | undefined
  #loaded = false
  /** Undefined until the caller or the stream sets one. */
  #lastEventId: string | undefined
  /** An ID that the `cursor` observer has not been told yet. */
  #untoldId: string | undefined
  #previousError: EventSourceError | undefined
  /** Stops what the stream does now: a connection, or the wait for the next one. */
  #stop = (): void => {}
  #wait: Wait | undefined

  constructor(settings: Settings, subscriber: Subscriber<SseEvent>, watchOnline: WatchOnline | undefined) {
    this.#settings = settings
    this.#subscriber = subscriber
    this.#watchOnline = watchOnline
    this.#watched = Boolean(settings.until || settings.cursor || settings.warnings)
    this.#listener = this.#createListener()
  }

  open(): void {
    const { signal, wake } = this.#settings
    const abort = (): void =>
      this.#fail(this.#createError('aborted', 'the signal was aborted', signal?.reason))
    if (signal?.aborted) abort()
    signal?.addEventListener('abort', abort)
    this.#subscriber.add(() => signal?.removeEventListener('abort', abort))
    const wakeUp = (): void => this.#wait?.wake()
    this.#subscriber.add(wake?.subscribe(wakeUp))
    this.#subscriber.add(this.#watchOnline?.(wakeUp))
    this.#connect()
  }

  close(reason: Closed['reason']): void {
    if (this.#closed) return
    this.#closed = true
    this.#stop()
    this.#report({ status: 'closed', reason })
  }

  #createError(code: EventSourceErrorCode, message: string, cause: unknown): EventSourceError {
    return new EventSourceError(code, message, { attempt: this.#attempt, cause })
  }

  #fail(error: EventSourceError): void {
    if (this.#closed) return
    this.close(error)
    this.#subscriber.error(error)
  }

  #complete(): void {
    this.close('complete')
    this.#subscriber.complete()
  }

  #connect(): void {
    // Whatever ran last may have unsubscribed.
    if (this.#closed) return
    this.#attempt += 1
    this.#openedAt = Number.POSITIVE_INFINITY
    this.#events = 0
    const connection = new Connection(
      this.#settings,
      { number: this.#attempt, previousError: this.#previousError, method: this.#nextMethod },
      this.#listener,
    )
    this.#connection = connection
    // Before it opens: a loader may unsubscribe at once.
    this.#stop = () => connection.close()
    connection.open()
  }

  #createListener(): ConnectionListener {
    const { clock, comments, cursor, warnings } = this.#settings
    return {
      loadLastEventId: () => this.#loadLastEventId(),
      onConnecting: (url, lastEventId) => {
        this.#idBefore = this.#lastEventId
        this.#report({ status: 'connecting', attempt: this.#attempt, url, lastEventId })
      },
      onOpen: ({ status, headers, url }) => {
        this.#openedAt = clock.now()
        this.#report({ status: 'open', attempt: this.#attempt, url, httpStatus: status, headers })
      },
      onEvent: (type, data) => {
        this.#events += 1
        const event = { type, data, lastEventId: this.#lastEventId ?? '' }
        this.#subscriber.next(event)
        if (this.#watched) this.#afterEvent(event)
      },
      onId: cursor
        ? (id) => {
            // The block before this one set an ID, but had no event.
            this.#tellCursor()
            this.#lastEventId = this.#untoldId = id
          }
        : (id) => {
            this.#lastEventId = id
          },
      onParsed: cursor && (() => this.#tellCursor()),
      onRetry: (milliseconds) => {
        this.#serverRetry = milliseconds
      },
      onComment: comments && ((text) => notify(comments, text)),
      onUnsendableId: () => this.#warn('id-not-sent', 'the request cannot carry the last event ID'),
      onBadRetry: warnings && (() => this.#warn('bad-retry', 'a retry: is no number of milliseconds')),
      onStart:
        warnings &&
        ((bytes) => {
          if (!beginsLikeEventStream(bytes)) this.#warn('no-events', 'the body begins like no event stream')
        }),
      onEnd: (error, unfinished) => this.#onEnd(error, unfinished),
    }
  }

  #afterEvent(event: SseEvent): void {
    this.#tellCursor()
    if (event.type === 'gap') this.#warn('gap', 'the server no longer has some events')
    try {
      if (!this.#closed && this.#settings.until?.(event)) this.#complete()
    } catch (cause) {
      this.#fail(this.#createError('request', 'until threw', cause))
    }
  }

  /** Tells the `cursor` observer the last ID, now that everything up to it has been delivered. */
  #tellCursor(): void {
    const { cursor } = this.#settings
    const id = this.#untoldId
    this.#untoldId = undefined
    if (cursor && id !== undefined && !this.#closed) notify(cursor, id)
  }

  #warn(code: WarningCode, message: string): void {
    const { warnings } = this.#settings
    // A lasting fault is told once. Each gap is a loss of its own.
    if (this.#closed || !warnings || this.#warned.has(code)) return
    if (code !== 'gap') this.#warned.add(code)
    notify(warnings, { code, message })
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

  #onEnd(error: EventSourceError | undefined, unfinished: boolean): void {
    const { method, policy } = this.#settings
    const isUnsafe = (one: string | undefined): boolean => one !== undefined && !mayResend(policy, one)
    if (typeof method === 'string' || policy.resend === 'never') {
      this.#goOn(error, unfinished, isUnsafe(`${method}`))
    } else {
      this.#unsafeSent ||= isUnsafe(this.#connection?.sentMethod)
      this.#askMethod(error).then(
        (next) => {
          this.#nextMethod = next
          this.#goOn(error, unfinished, this.#unsafeSent && isUnsafe(next))
        },
        // If nothing unsafe was sent, the next connection asks again.
        (cause: unknown) => {
          this.#nextMethod = undefined
          const failure = this.#createError('request', 'the method cannot be made', cause)
          this.#goOn(this.#unsafeSent ? failure : error, unfinished, this.#unsafeSent)
        },
      )
    }
  }

  /** Asks for the method of the next connection, because it decides whether there is one. */
  #askMethod(previousError: EventSourceError | undefined): Promise<string> {
    const { clock, headTimeout } = this.#settings
    const number = this.#attempt + 1
    const attempt = { number, lastEventId: this.#lastEventId ?? '', ...(previousError && { previousError }) }
    return new Promise((resolve, reject) => {
      const timer = headTimeout === undefined ? undefined : clock.schedule(() => reject(), headTimeout)
      this.#stop = () => timer?.unsubscribe()
      resolveMethod(this.#settings, attempt)
        .then(resolve, reject)
        .finally(() => timer?.unsubscribe())
    })
  }

  #goOn(reason: EventSourceError | undefined, unfinished: boolean, single: boolean): void {
    if (this.#closed) return
    const error = single ? this.#checkComplete(reason, unfinished) : reason
    const plan = this.#plan(error, single)
    // `decide` may have unsubscribed.
    if (this.#closed) return
    if (plan.next === 'complete') {
      this.#complete()
    } else if (plan.next === 'fail') {
      this.#fail(plan.error)
    } else {
      const { delay, earliest, failures } = plan
      this.#previousError = error
      this.#failures = failures
      // Before the report: its observer may wake the stream, or unsubscribe.
      const wait = startWait(this.#settings.clock, delay, earliest, () => this.#connect())
      this.#wait = wait
      this.#stop = wait.stop
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
    const attempt = this.#attempt
    const openFor = clock.now() - this.#openedAt
    const end = {
      error,
      attempt,
      failures: this.#failures,
      opened: openFor >= 0,
      events: this.#events,
      previousError: this.#previousError,
      retryAfter: error?.retryAfter,
    }
    const progressed = this.#events > 0 || (this.#lastEventId ?? '') !== (this.#idBefore ?? '')
    const history = { openFor, progressed, serverRetry: this.#serverRetry, single }
    try {
      return planReconnect(end, history, policy, random())
    } catch (cause) {
      return { next: 'fail', error: this.#createError('request', 'reconnect.decide threw', cause) }
    }
  }

  #report(now: ConnectionState): void {
    if (this.#settings.state) notify(this.#settings.state, now)
  }
}

async function loadStartId(start: StartId | undefined): Promise<string | undefined> {
  if (typeof start === 'object') return start.load()
  return typeof start === 'function' ? start() : start
}
