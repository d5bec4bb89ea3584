import type { SseEvent } from '@rxsse/shared'
import type { EventSourceError } from '../errors/event-source-error.ts'
import type { ConnectionState } from '../stream/state.ts'
import { createDifferenceError, type Fingerprint } from './fingerprint.ts'
import { Follower } from './follower.ts'
import type { HistoryLimits } from './history.ts'
import { Holder } from './holder.ts'
import { Place, startPosition } from './place.ts'
import { type HolderMessage, type Message, type News, type Term, termKey } from './protocol.ts'
import type { TabPort } from './tab-port.ts'

/** What a tab is now. `joining` looks for the holder, or for its own place in the holder's stream. */
type Role = Holder | Follower | { readonly name: 'away' | 'ended' | 'joining' }

/**
 * One tab of a shared stream, as a state machine: its inputs are methods, and what it does goes through its port. The tab that has
 * the lock holds the connection. All others follow it.
 *
 * That nothing is lost or repeated does not rest on who is believed to have the lock. A tab accepts steps only of the term that it
 * follows, and starts to follow a term only at a position that both sides know. If there is none, it reads what it missed by a
 * connection of its own.
 */
export class Tab {
  readonly #id: string
  readonly #options: Fingerprint
  readonly #port: TabPort
  readonly #place: Place
  #role: Role = { name: 'away' }
  /** The highest number of a term seen. */
  #termNumber = 0
  /** The term that this tab followed, or was the holder of, last. */
  #lastTerm = ''
  /** Counts the times that this tab has started to look for its place. */
  #hello = 0
  /** Whether a holder has welcomed this tab, so that it waits for the lock. */
  #queued = false
  /** Ticks since the holder was last heard. */
  #silentTicks = 0
  #gateShut = false

  constructor(id: string, options: Fingerprint, port: TabPort, limits: HistoryLimits) {
    this.#id = id
    this.#options = options
    this.#port = port
    this.#place = new Place(id, port, limits)
  }

  /** Joins the tabs, after an ID if it is not `''`. */
  start(lastEventId: string): void {
    if (lastEventId !== '') this.#place.moveTo({ id: lastEventId, term: '', count: 0 })
    this.resume()
  }

  /** The page is frozen or goes into the back/forward cache: it must keep neither the lock nor a connection. */
  suspend(): void {
    if (this.#role.name !== 'ended') this.#stop('away')
  }

  resume(): void {
    if (this.#role.name === 'away') this.#join()
  }

  /** Leaves for good. The other tabs go on. */
  leave(): void {
    this.#place.close()
    this.#stop('ended')
  }

  /** The stream is over for this tab, and for all if it holds the connection. */
  finish(error?: EventSourceError): void {
    if (this.#role.name === 'ended') return
    if (this.#role instanceof Holder) {
      this.#role.end(error)
      this.#port.releaseLockLater()
    }
    this.leave()
    this.#port.end(error)
  }

  setGate(shut: boolean): void {
    if (shut === this.#gateShut) return
    // Before the stream goes on: its next event may shut the gate again.
    this.#gateShut = shut
    if (this.#role instanceof Holder) this.#role.setGate(this.#id, shut)
    else this.#port.post({ kind: 'gate', from: this.#id, shut })
    if (this.#isCatchingUp()) this.#port.pauseStream(this.#gateShut)
  }

  /** Starts a waiting connection now. */
  wake(): void {
    if (this.#role instanceof Follower) this.#port.post({ kind: 'wake' })
    this.#port.wakeStream()
  }

  onLockGranted(): void {
    if (this.#isOut() || this.#role instanceof Holder) return
    if (this.#role instanceof Follower) this.#role.stop()
    this.#termNumber += 1
    const holder = new Holder({ number: this.#termNumber, tab: this.#id }, this.#options, this.#port)
    this.#role = holder
    this.#lastTerm = termKey(holder.term)
    const { position } = this.#place
    const at = position ?? startPosition(this.#lastTerm)
    if (!position) this.#place.moveTo(at)
    holder.announce(at)
    this.#port.openStream(at.id)
    holder.setGate(this.#id, this.#gateShut)
    // Last, because the observer may leave.
    if (position) this.#place.warnLoss()
  }

  /** A try for the lock failed: another tab has it, or waits for it. */
  onLockUnavailable(): void {
    if (this.#role.name === 'joining') this.#sayHello()
  }

  /** Another tab took the lock, because this one did not answer. */
  onLockLost(): void {
    if (!(this.#role instanceof Holder)) return
    this.#stop('away')
    this.#join()
  }

  /** Called at a steady pace. A page that slept must not take over at once, so ticks are counted, not time. */
  onTick(): void {
    if (this.#role instanceof Holder) this.#role.pollGates(this.#id)
    else if (!this.#isOut()) this.#watchHolder()
  }

  onMessage(message: Message): void {
    const role = this.#role
    if (role instanceof Holder) {
      if (!('term' in message)) role.onMessage(message, this.#place)
    } else if (!this.#isOut() && 'term' in message) {
      this.#onHolderMessage(message)
    }
  }

  onStreamEvent(event: SseEvent): void {
    this.#onStreamEntry(event.lastEventId, event)
  }

  /** The stream set an ID, with an event that was told before, or without one. */
  onStreamCursor(id: string): void {
    if (id !== this.#place.position?.id) this.#onStreamEntry(id)
  }

  onStreamState(state: ConnectionState): void {
    // The end of the stream is told by `finish`.
    if (state.status === 'closed') return
    if (this.#role instanceof Holder) {
      this.#role.publishState(state)
      this.#port.tellState(state, 'holder')
    } else if (this.#isCatchingUp()) {
      this.#port.tellState(state, 'catching-up')
    }
  }

  onStreamNews(news: News): void {
    if (this.#role instanceof Holder) this.#role.publish(news)
    this.#port.tellNews(news)
  }

  #watchHolder(): void {
    this.#silentTicks += 1
    // Tabs that know the stream come first.
    const limit = this.#queued ? MAX_SILENT_TICKS : 2 * MAX_SILENT_TICKS
    if (this.#silentTicks >= limit) {
      this.#silentTicks = 0
      this.#port.requestLock('steal')
    } else if (this.#role instanceof Follower) {
      this.#port.post({ kind: 'ping', from: this.#id })
    } else {
      this.#seek()
    }
  }

  #onStreamEntry(id: string, event?: SseEvent): void {
    const role = this.#role
    if (role instanceof Holder) {
      const entry = this.#place.next(termKey(role.term), id, event)
      // The other tabs first: whoever this is delivered to may leave.
      role.publishEntry(entry)
      this.#place.accept(entry)
    } else if (role instanceof Follower) {
      role.onStreamEntry(id, event)
    }
  }

  #onHolderMessage(message: HolderMessage): void {
    const { term, kind } = message
    const role = this.#role
    if (kind === 'left' && role.name === 'joining') this.#join()
    if (term.number < this.#termNumber) return
    this.#silentTicks = 0
    const isNew = term.number > this.#termNumber
    this.#termNumber = term.number
    if (kind === 'welcome' || kind === 'reject') {
      this.#onAnswer(message)
    } else if (role instanceof Follower && role.isOf(term)) {
      this.#onFollowed(message, role)
    } else if (isNew || kind === 'pong') {
      // A pong of the same number: two tabs took the lock at once, and this one followed the wrong one.
      if (kind === 'announce' && role instanceof Follower && role.canFollowFrom(message.at)) {
        this.#follow(role, term)
        role.changeTerm(term, message.at)
      } else this.#join()
    }
  }

  #onAnswer(message: Extract<HolderMessage, { readonly to: string }>): void {
    const { to, hello, term } = message
    if (to !== this.#id || hello !== this.#hello || this.#role.name !== 'joining') return
    if (message.kind === 'reject') {
      this.leave()
      this.#port.end(createDifferenceError(message.option))
    } else {
      const follower = new Follower(term, this.#place, this.#port)
      const isOther = this.#lastTerm !== termKey(term)
      this.#follow(follower, term)
      follower.start(message, isOther)
      if (this.#isCatchingUp()) this.#port.pauseStream(this.#gateShut)
    }
  }

  #onFollowed(message: HolderMessage, role: Follower): void {
    switch (message.kind) {
      case 'entry':
        if (!role.onEntry(message.sequence, message.entry)) this.#join()
        break
      case 'state':
        role.onState(message.state)
        break
      case 'poll':
        this.#tellShutGate()
        break
      case 'left':
        this.#join()
        break
      // A tab that is catching up gets these from its own connection, each in its place.
      case 'comment':
      case 'warning':
        if (!role.isCatchingUp) this.#port.tellNews(message)
        break
      case 'end':
        if (!role.isCatchingUp) this.finish(message.error)
    }
  }

  /** Comes before anything is told: an observer may leave. */
  #follow(role: Follower, term: Term): void {
    this.#role = role
    this.#lastTerm = termKey(term)
    if (!this.#queued) this.#port.requestLock('wait')
    this.#queued = true
    this.#tellShutGate()
  }

  /** Looks for the place of this tab. */
  #join(): void {
    if (this.#role instanceof Follower) this.#role.stop()
    this.#role = { name: 'joining' }
    this.#hello += 1
    this.#silentTicks = 0
    this.#seek()
  }

  #seek(): void {
    if (this.#queued) this.#sayHello()
    else this.#port.requestLock('try')
  }

  #sayHello(): void {
    const after = this.#place.position
    this.#port.post({ kind: 'hello', from: this.#id, hello: this.#hello, options: this.#options, after })
  }

  #stop(name: 'away' | 'ended'): void {
    const role = this.#role
    if (role instanceof Follower) role.stop()
    if (role instanceof Holder) {
      this.#port.closeStream()
      role.leave()
    } else if (this.#gateShut && !this.#isOut()) {
      this.#port.post({ kind: 'gate', from: this.#id, shut: false })
    }
    this.#role = { name }
    this.#queued = false
    this.#port.releaseLock()
  }

  #tellShutGate(): void {
    if (this.#gateShut) this.#port.post({ kind: 'gate', from: this.#id, shut: true })
  }

  #isOut(): boolean {
    return this.#role.name === 'away' || this.#role.name === 'ended'
  }

  #isCatchingUp(): boolean {
    return this.#role instanceof Follower && this.#role.isCatchingUp
  }
}

/** Ticks without a word of the holder, after which another tab takes the lock. */
const MAX_SILENT_TICKS = 4
