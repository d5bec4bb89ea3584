import type { SseEvent } from '@rxsse/shared'
import type { ConnectionState } from '../stream/state.ts'
import { History } from './history.ts'
import type { Place } from './place.ts'
import { type Entry, type Position, type Term, termKey, type Welcome } from './protocol.ts'
import type { TabPort } from './tab-port.ts'

/** A tab that reads the stream of the holder, or reads a connection of its own until it meets that stream. */
export class Follower {
  readonly name = 'follower'
  readonly #place: Place
  readonly #port: TabPort
  #term: Term
  /** The number of the holder's last entry. */
  #sequence = 0
  /** The IDs that this tab has already, while the holder is behind it. */
  #skip: Set<string> | undefined
  /** What the holder has sent while this tab catches up. */
  #pending: History | undefined
  #sharedState: ConnectionState | undefined
  #stopped = false

  constructor(term: Term, place: Place, port: TabPort) {
    this.#term = term
    this.#place = place
    this.#port = port
  }

  get isCatchingUp(): boolean {
    return this.#pending !== undefined
  }

  isOf(term: Term): boolean {
    return termKey(term) === termKey(this.#term)
  }

  /** Starts where the holder's answer says. `isOther` tells that another connection delivered what this tab has. */
  start({ at, missed, sequence, state }: Welcome, isOther: boolean): void {
    const place = this.#place
    const { position } = place
    this.#sequence = sequence
    this.#sharedState = state
    if (position && !missed && position.id !== '') {
      this.#pending = new History(at, place.limits)
      if (!this.#skipFrom(at.id)) this.#port.openStream(position.id)
      return
    }
    this.#tellSharedState()
    if (position && (isOther || !missed)) place.warnLoss()
    if (missed) {
      this.#acceptAll(missed)
    } else {
      place.moveTo(at)
      // A checkpoint needs it before the first event.
      if (at.id !== '' && !this.#stopped) this.#port.tellCursor(at.id)
    }
  }

  /** Whether this tab knows its place in the stream of a holder that starts at a position. */
  canFollowFrom(at: Position): boolean {
    return this.#pending !== undefined || isSamePosition(at, this.#place.position as Position)
  }

  /** Another tab holds the connection now, from a position on that this one can follow from. */
  changeTerm(term: Term, at: Position): void {
    this.#term = term
    this.#sequence = 0
    this.#skip = undefined
    if (this.#pending) {
      this.#pending = new History(at, this.#place.limits)
      this.#meet()
    } else {
      this.#place.warnLoss()
    }
  }

  /** Takes the holder's next step. False if a step before it was lost. */
  onEntry(sequence: number, entry: Entry): boolean {
    if (sequence > this.#sequence + 1) return false
    // The answer to `hello` covers what came before it.
    if (sequence <= this.#sequence) return true
    this.#sequence = sequence
    if (this.#pending) {
      this.#pending.add(entry)
      this.#meet()
    } else if (!this.#isSkipped(entry)) {
      this.#place.accept(entry)
    }
    return true
  }

  /** A step of this tab's own connection. */
  onStreamEntry(id: string, event?: SseEvent): void {
    this.#place.accept(this.#place.next(this.#place.tab, id, event))
    if (!this.#stopped) this.#meet()
  }

  onState(state: ConnectionState): void {
    this.#sharedState = state
    if (!this.#pending) this.#tellSharedState()
  }

  stop(): void {
    this.#stopped = true
    if (this.#pending) this.#port.closeStream()
  }

  /** Ends the catching up if what the holder has sent goes on from here. */
  #meet(): void {
    const missed = this.#pending?.after(this.#place.position as Position)
    if (!missed) return
    this.#endCatchUp()
    this.#acceptAll(missed)
  }

  /** Ends the catching up if the holder, which is at `id`, is behind this tab. */
  #skipFrom(id: string): boolean {
    const { position, history } = this.#place
    // With the same ID, it is not known how many events each has since then.
    const skip = id === position?.id ? undefined : history.idsFrom(id)
    if (!skip) return false
    this.#skip = skip
    this.#endCatchUp()
    return true
  }

  #endCatchUp(): void {
    this.#pending = undefined
    this.#port.closeStream()
    this.#tellSharedState()
  }

  #tellSharedState(): void {
    if (this.#sharedState) this.#port.tellState(this.#sharedState, 'follower')
  }

  #isSkipped({ at, event }: Entry): boolean {
    if (!this.#skip) return false
    // A notice is news even if it comes in the middle of what is known.
    if (event?.type === 'gap' || event?.type === 'lagged') this.#port.deliver(event)
    const skipped = this.#skip.has(at.id)
    if (!skipped || at.id === this.#place.position?.id) this.#skip = undefined
    return skipped
  }

  #acceptAll(entries: readonly Entry[]): void {
    for (const entry of entries) if (!this.#stopped) this.#place.accept(entry)
  }
}

function isSamePosition(a: Position, b: Position): boolean {
  return a.id === b.id && a.term === b.term && a.count === b.count
}
