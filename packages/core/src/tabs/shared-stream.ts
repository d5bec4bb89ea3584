import type { SseEvent } from '@rxsse/shared'
import { merge, Observable, Subject, type Subscriber, Subscription } from 'rxjs'
import { watchOnline } from '#platform'
import { EventSourceError, type EventSourceErrorCode } from '../errors/event-source-error.ts'
import { createEventStream } from '../stream/event-stream.ts'
import { notify } from '../stream/notify.ts'
import type { Settings, StartId } from '../stream/options.ts'
import { requireAnswer } from '../stream/require-answer.ts'
import type { Closed, ConnectionState } from '../stream/state.ts'
import type { Warning } from '../stream/warnings.ts'
import { loadStart } from './load-start.ts'
import type { News } from './protocol.ts'
import type { SharedSettings } from './resolve-shared-options.ts'
import type { TabRole } from './shared-options.ts'
import { Tab } from './tab.ts'
import { TabChannel } from './tab-channel.ts'
import { TabLock } from './tab-lock.ts'
import type { LockMode, TabPort } from './tab-port.ts'
import type { WebPlatform } from './web-platform.ts'

/** Creates the Observable of a stream that tabs share. Without a platform, each has a connection of its own. */
export function createSharedStream(
  shared: SharedSettings,
  platform: WebPlatform | undefined,
): Observable<SseEvent> {
  if (!platform) return createUnsharedStream(shared, shared.settings.lastEventId)
  return new Observable((subscriber) => {
    const stream = new SharedStream(shared, platform, subscriber)
    stream.open()
    return () => stream.close('unsubscribed')
  })
}

function createUnsharedStream(
  { settings, state }: SharedSettings,
  lastEventId: StartId | undefined,
): Observable<SseEvent> {
  const withRole = state && { next: (now: ConnectionState) => state.next({ ...now, role: 'unshared' }) }
  return createEventStream<string>(
    { ...settings, ...(withRole && { state: withRole }), ...(lastEventId !== undefined && { lastEventId }) },
    watchOnline(),
  )
}

/** One subscription: gives a {@link Tab} its lock, its channel, its connection and its clock. */
class SharedStream implements TabPort {
  readonly #shared: SharedSettings
  readonly #settings: Settings
  readonly #subscriber: Subscriber<SseEvent>
  readonly #tab: Tab
  #lock: TabLock
  readonly #channel: TabChannel
  readonly #platform: WebPlatform
  readonly #gate = { shut: false, changes: new Subject<boolean>() }
  readonly #wakes = new Subject<void>()
  /** What ends with the stream. */
  readonly #teardown = new Subscription()
  #timer = Subscription.EMPTY
  #stream = Subscription.EMPTY
  #role: TabRole = 'follower'
  /** Where a connection of its own would start. */
  #lastEventId = ''
  #closed = false
  /** Whether something else has posted under the name of the stream. */
  #foreign = false

  constructor(shared: SharedSettings, platform: WebPlatform, subscriber: Subscriber<SseEvent>) {
    const { name, fingerprint, settings } = shared
    this.#shared = shared
    this.#settings = settings
    this.#platform = platform
    this.#subscriber = subscriber
    const tab = new Tab(crypto.randomUUID(), fingerprint, this, HISTORY)
    this.#tab = tab
    this.#channel = new TabChannel(
      platform,
      name,
      (message) => tab.onMessage(message),
      () => this.#warnForeign(),
    )
    this.#lock = this.#createLock()
  }

  open(): void {
    const { signal, wake, gate } = this.#settings
    const abort = (): void => this.#fail('aborted', 'the signal was aborted', signal?.reason)
    if (signal?.aborted) abort()
    if (this.#closed) return
    signal?.addEventListener('abort', abort)
    this.#teardown.add(() => signal?.removeEventListener('abort', abort))
    const error = (cause: unknown): void => this.#fail('request', 'wake failed', cause)
    this.#teardown.add(wake?.subscribe({ next: () => this.#tab.wake(), error }))
    if (this.#closed) return
    // Asks the gate, as a connection does.
    this.#teardown.add(gate?.changes.subscribe(() => this.#tab.setGate(gate.shut)))
    if (gate?.shut) this.#tab.setGate(true)
    this.#stream = loadStart(this.#settings, merge(this.#wakes, watchOnline()), {
      onStart: (id) => this.#start(id),
      onWaiting: (state) => this.#tell(state),
      onEnd: (error) => this.end(error),
    })
  }

  close(reason: Closed['reason']): void {
    if (this.#closed) return
    this.#closed = true
    this.#tab.leave()
    this.#channel.close()
    this.#timer.unsubscribe()
    this.#stream.unsubscribe()
    this.#teardown.unsubscribe()
    // A connection of its own tells its end itself.
    if (this.#role !== 'unshared') this.#tell({ status: 'closed', reason })
  }

  post(message: Parameters<TabPort['post']>[0]): void {
    this.#channel.post(message)
  }

  requestLock(mode: LockMode): void {
    this.#lock.request(mode)
  }

  releaseLock(): void {
    // The other tabs must have got all before one of them gets the lock.
    this.#channel.flush()
    this.#lock.release()
  }

  releaseLockLater(): void {
    const lock = this.#lock
    this.#lock = this.#createLock()
    this.#settings.clock.timer(END_HEARD_AFTER).subscribe(() => lock.release())
  }

  openStream(lastEventId: string): void {
    const tab = this.#tab
    // Each tab has its own `signal`, and asks its own `until`.
    const { signal: _signal, until: _until, ...settings } = this.#settings
    this.#gate.shut = false
    this.#stream = createEventStream<string>(
      {
        ...settings,
        lastEventId,
        gate: this.#gate,
        wake: this.#wakes,
        state: { next: (state) => tab.onStreamState(state) },
        cursor: { next: (id) => tab.onStreamCursor(id) },
        comments: { next: (text) => tab.onStreamNews({ kind: 'comment', text }) },
        warnings: { next: (warning) => tab.onStreamNews({ kind: 'warning', warning }) },
      },
      watchOnline(),
    ).subscribe({
      next: (event) => tab.onStreamEvent(event),
      error: (error: EventSourceError) => tab.finish(error),
      complete: () => tab.finish(),
    })
  }

  closeStream(): void {
    this.#stream.unsubscribe()
  }

  pauseStream(paused: boolean): void {
    if (this.#gate.shut === paused) return
    this.#gate.shut = paused
    this.#gate.changes.next(paused)
  }

  wakeStream(): void {
    this.#wakes.next()
  }

  deliver(event: SseEvent): void {
    this.#subscriber.next(event)
    if (this.#closed) return
    try {
      if (!requireAnswer(this.#settings.until?.(event), 'until')) return
      // The tab has the event, so a checkpoint must not ask for it again.
      if (event.lastEventId !== this.#lastEventId) this.tellCursor(event.lastEventId)
      if (this.#closed) return
      // Without an ID, a tab that got the lock before it got this event would never get it.
      if (this.#role === 'holder' && event.lastEventId === '') this.releaseLockLater()
      this.end(undefined)
    } catch (cause) {
      this.#fail('request', 'until threw', cause)
    }
  }

  tellCursor(id: string): void {
    this.#lastEventId = id
    if (this.#settings.cursor) notify(this.#settings.cursor, id)
  }

  tellNews(news: News): void {
    const { comments, warnings } = this.#settings
    if (news.kind === 'comment') {
      if (comments) notify(comments, news.text)
    } else if (warnings) {
      // The observer is that of `SharedEventSourceOptions`, which takes the codes of a shared stream too.
      notify(warnings, news.warning as Warning)
    }
  }

  tellState(state: ConnectionState, role: TabRole): void {
    this.#role = role
    this.#tell(state)
  }

  end(error: EventSourceError | undefined): void {
    this.close(error ?? 'complete')
    if (error) this.#subscriber.error(error)
    else this.#subscriber.complete()
  }

  #createLock(): TabLock {
    const tab = this.#tab
    return new TabLock(this.#platform.locks, this.#shared.name, {
      onLockGranted: () => tab.onLockGranted(),
      onLockUnavailable: () => tab.onLockUnavailable(),
      onLockLost: () => tab.onLockLost(),
      onLocksRefused: () => this.#readAlone(),
    })
  }

  /** The stream is over for this tab alone. */
  #fail(code: EventSourceErrorCode, message: string, cause: unknown): void {
    if (!this.#closed) this.end(new EventSourceError(code, message, { cause }))
  }

  #warnForeign(): void {
    if (this.#foreign) return
    this.#foreign = true
    const message = 'another script posts on the channel of these tabs: use another name'
    this.tellNews({ kind: 'warning', warning: { code: 'foreign-message', message } })
  }

  #tell(state: ConnectionState): void {
    if (this.#shared.state) notify(this.#shared.state, { ...state, role: this.#role })
  }

  #start(lastEventId: string): void {
    if (this.#closed) return
    this.#lastEventId = lastEventId
    const tab = this.#tab
    const channel = this.#channel
    const suspend = (): void => {
      tab.suspend()
      channel.close()
    }
    const resume = (): void => {
      channel.open()
      tab.resume()
    }
    this.#teardown.add(this.#platform.watchLifecycle(suspend, resume))
    this.#scheduleTick()
    channel.open()
    tab.start(lastEventId)
  }

  #scheduleTick(): void {
    const { clock, random } = this.#settings
    const tick = (): void => {
      this.#tab.onTick()
      if (!this.#closed) this.#scheduleTick()
    }
    // Uneven, so that not all tabs take over at once.
    this.#timer = clock.timer(this.#shared.tickInterval * (1 + random() / 2)).subscribe(tick)
  }

  #readAlone(): void {
    this.#tab.leave()
    this.#channel.close()
    this.#timer.unsubscribe()
    this.#teardown.unsubscribe()
    this.#role = 'unshared'
    this.#stream = createUnsharedStream(this.#shared, this.#lastEventId).subscribe(this.#subscriber)
  }
}

/** Milliseconds in which other tabs hear of the end. */
const END_HEARD_AFTER = 1000

/** What a tab keeps for tabs that are behind it. */
const HISTORY = { entries: 500, size: 2 ** 20 }
