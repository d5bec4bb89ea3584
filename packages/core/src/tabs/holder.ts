import type { EventSourceError } from '../errors/event-source-error.ts'
import type { ConnectionState } from '../stream/state.ts'
import { type Fingerprint, findDifference } from './fingerprint.ts'
import { type Place, startPosition } from './place.ts'
import {
  type Entry,
  type FollowerMessage,
  type Hello,
  type News,
  type Position,
  type Term,
  termKey,
} from './protocol.ts'
import type { TabPort } from './tab-port.ts'

/** What the holder of the connection does for the other tabs. */
export class Holder {
  readonly name = 'holder'
  readonly term: Term
  readonly #options: Fingerprint
  readonly #port: TabPort
  /** The tabs whose gate is shut, and how many polls they have not answered. */
  readonly #shutGates = new Map<string, number>()
  /** The tabs that have sent a ping since the last poll. */
  readonly #pinged = new Set<string>()
  #sequence = 0
  #state: ConnectionState | undefined

  constructor(term: Term, options: Fingerprint, port: TabPort) {
    this.term = term
    this.#options = options
    this.#port = port
  }

  announce(at: Position): void {
    this.#port.post({ kind: 'announce', term: this.term, at })
  }

  publishEntry(entry: Entry): void {
    this.#sequence += 1
    this.#port.post({ kind: 'entry', term: this.term, sequence: this.#sequence, entry })
  }

  publishState(state: ConnectionState): void {
    this.#state = state
    this.#port.post({ kind: 'state', term: this.term, state })
  }

  publish(news: News): void {
    this.#port.post({ ...news, term: this.term })
  }

  end(error: EventSourceError | undefined): void {
    this.#port.post({ kind: 'end', term: this.term, error })
  }

  leave(): void {
    this.#port.post({ kind: 'left', term: this.term })
  }

  onMessage(message: FollowerMessage, place: Place): void {
    switch (message.kind) {
      case 'hello':
        this.#answer(message, place)
        break
      case 'ping':
        this.#port.post({ kind: 'pong', term: this.term })
        // The browser may slow down the timers of this tab. Between two pings of one tab, a tick of that tab has passed.
        if (this.#pinged.has(message.from)) this.pollGates(place.tab)
        this.#pinged.add(message.from)
        break
      case 'wake':
        this.#port.wakeStream()
        break
      case 'gate':
        this.setGate(message.from, message.shut)
    }
  }

  /** The connection is read only while no tab's gate is shut. */
  setGate(tab: string, shut: boolean): void {
    if (shut) this.#shutGates.set(tab, 0)
    else this.#shutGates.delete(tab)
    this.#port.pauseStream(this.#shutGates.size > 0)
  }

  /** A tab that died with its gate shut must not hold up the others. `self` does not answer polls. */
  pollGates(self: string): void {
    this.#pinged.clear()
    for (const [tab, missed] of this.#shutGates) {
      if (tab === self) continue
      if (missed < MAX_MISSED_POLLS) this.#shutGates.set(tab, missed + 1)
      else this.setGate(tab, false)
    }
    const others = this.#shutGates.size - (this.#shutGates.has(self) ? 1 : 0)
    if (others > 0) this.#port.post({ kind: 'poll', term: this.term })
  }

  #answer({ from: to, hello, options, after }: Hello, { position, history }: Place): void {
    const { term } = this
    const at = position ?? startPosition(termKey(term))
    const option = findDifference(options, this.#options)
    if (option !== undefined) {
      this.#port.post({ kind: 'reject', term, to, hello, option })
    } else {
      const missed = after && history.after(after)
      const state = this.#state
      const sequence = this.#sequence
      this.#port.post({ kind: 'welcome', term, to, hello, sequence, at, missed, state })
    }
  }
}

const MAX_MISSED_POLLS = 4
