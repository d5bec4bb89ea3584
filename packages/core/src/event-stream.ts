import { type NextObserver, Observable, type Subscriber, type Subscription } from 'rxjs'
import { Connection, type ConnectionListener } from './connection.ts'
import { EventSourceError } from './errors.ts'
import type { SseEvent } from './event.ts'
import type { Settings } from './options.ts'
import { planReconnect, type ReconnectPlan } from './reconnect.ts'
import type { ConnectionState } from './state.ts'
import type { TransportResponse } from './transport/transport.ts'

/** Calls back whenever a waiting stream should try at once, as when the network is back. Returns how to stop that. */
export type WakeUp = (wake: () => void) => () => void

/** The Observable of a stream: each subscription is one logical stream that outlives its connections. */
export function eventStream<E extends string>(
  settings: Settings,
  wakeUp: WakeUp | undefined,
): Observable<SseEvent<string, E>> {
  // The types that are not of E have been filtered out, where E is not any string.
  return new Observable((subscriber: Subscriber<SseEvent>) => {
    const stream = new EventStream(settings, wakeUp, subscriber)
    stream.connect()
    return () => stream.close('unsubscribed')
  }) as Observable<SseEvent<string, E>>
}

class EventStream implements ConnectionListener {
  readonly onComment: ((text: string) => void) | undefined
  private readonly settings: Settings
  private readonly wakeUp: WakeUp | undefined
  private readonly subscriber: Subscriber<SseEvent>
  private live = true
  private attempt = 0
  private failures = 0
  private openedAt: number | undefined
  private serverRetry: number | undefined
  /** Undefined as long as neither the caller nor the stream has set one. */
  private lastEventId: string | undefined
  private started = false
  private previousError: EventSourceError | undefined
  private connection: Connection | undefined
  private timer: Subscription | undefined
  private stopWaking: (() => void) | undefined

  constructor(settings: Settings, wakeUp: WakeUp | undefined, subscriber: Subscriber<SseEvent>) {
    this.settings = settings
    this.wakeUp = wakeUp
    this.subscriber = subscriber
    const { comments } = settings
    if (comments !== undefined) this.onComment = (text) => tell(comments, text)
  }

  /** Connects, for the first time or again. */
  connect(): void {
    this.attempt += 1
    this.connection = new Connection(this.settings, this)
    this.connection.start(this.attempt, this.previousError)
  }

  close(reason: 'unsubscribed' | 'complete' | EventSourceError): void {
    if (!this.live) return
    this.live = false
    this.timer?.unsubscribe()
    this.stopWaking?.()
    this.connection?.close()
    this.report({ status: 'closed', reason })
  }

  onConnecting(url: string, lastEventId: string): void {
    this.report({ status: 'connecting', attempt: this.attempt, url, lastEventId })
  }

  onOpen({ status, headers, url }: TransportResponse): void {
    this.openedAt = this.settings.scheduler.now()
    this.report({ status: 'open', attempt: this.attempt, url, httpStatus: status, headers })
  }

  onEvent(type: string, data: string): void {
    const { types } = this.settings
    if (types !== undefined && !types.has(type)) return
    this.subscriber.next({ type, data, lastEventId: this.lastEventId ?? '' })
  }

  onId(id: string): void {
    this.lastEventId = id
  }

  onRetry(milliseconds: number): void {
    this.serverRetry = milliseconds
  }

  onEnd(error: EventSourceError | undefined, retryAfter: number | undefined): void {
    const { attempt } = this
    const plan = this.plan(error, retryAfter)
    if (plan.next === 'complete') {
      this.close('complete')
      this.subscriber.complete()
    } else if (plan.next === 'fail') {
      this.close(plan.error)
      this.subscriber.error(plan.error)
    } else {
      this.previousError = error
      this.failures = plan.failures
      this.openedAt = undefined
      this.report({ status: 'waiting', attempt, delay: plan.delay, reason: error ?? 'end' })
      this.wait(plan.delay)
    }
  }

  /** Where the stream stands. The first connection finds out, by the loader if there is one; each loads again until one succeeds. */
  async cursor(): Promise<string | undefined> {
    if (!this.started) {
      const { startId } = this.settings
      this.lastEventId = await (typeof startId === 'function'
        ? startId()
        : typeof startId === 'object'
          ? startId.load()
          : startId)
      this.started = true
    }
    return this.lastEventId
  }

  private plan(error: EventSourceError | undefined, retryAfter: number | undefined): ReconnectPlan {
    const { scheduler, reconnect, random } = this.settings
    const { attempt, failures, openedAt, serverRetry } = this
    const openFor = openedAt === undefined ? 0 : scheduler.now() - openedAt
    try {
      return planReconnect(
        { error, attempt },
        { failures, openFor, serverRetry, retryAfter },
        reconnect,
        random(),
      )
    } catch (cause) {
      const message = 'reconnect.decide or random threw an error'
      return { next: 'fail', error: new EventSourceError('request', message, { attempt, cause }) }
    }
  }

  private wait(delay: number): void {
    // An observer of the state may have unsubscribed.
    if (!this.live) return
    const go = (): void => {
      this.timer?.unsubscribe()
      this.stopWaking?.()
      this.stopWaking = undefined
      this.connect()
    }
    this.timer = this.settings.scheduler.schedule(go, delay)
    this.stopWaking = this.wakeUp?.(go)
  }

  private report(state: ConnectionState): void {
    if (this.settings.state !== undefined) tell(this.settings.state, state)
  }
}

/** Calls an observer that must not break the stream: what it throws is reported as RxJS reports it, on a later turn. */
function tell<T>(observer: NextObserver<T>, value: T): void {
  new Observable<T>((subscriber) => subscriber.next(value))
    .subscribe((next) => observer.next(next))
    .unsubscribe()
}
