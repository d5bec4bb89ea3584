import type { Slot } from '../aggregates/cells.ts'
import type { Key, Primitive } from '../keyed-state/key.ts'
import { KeyedState } from '../keyed-state/keyed-state.ts'
import { Agenda, type Appointed } from '../queues/timer-queue.ts'
import type { Pane, WindowEngine, WindowEngineOptions } from '../window-engine.ts'
import { nextAfter } from './next-after.ts'

/**
 * Session windows: a key's events with no more than `gap` between one and the next. An event joins the session it is
 * near, and one that falls between two makes them one. A session that has fired is kept for the allowed lateness, and
 * gives a new result when it grows.
 *
 * An event exactly `gap` after the last still belongs to it, so a session fires when the watermark has passed its end,
 * not when it has come to it: otherwise the order of simultaneous events of different keys would decide.
 */
export class SessionWindows<K extends Key, R> implements WindowEngine<K> {
  readonly #gap: number
  readonly #maxDuration: number
  readonly #options: WindowEngineOptions<K, R>
  readonly #states: KeyedState<K, KeySessions<K>>
  readonly #agenda = new Agenda<KeySessions<K>>()
  #keysSeen = 0

  constructor(gap: number, maxDuration: number, options: WindowEngineOptions<K, R>) {
    this.#gap = gap
    this.#maxDuration = maxDuration
    this.#options = options
    this.#states = new KeyedState((key) => this.#newState(key), {
      maxKeys: options.maxKeys,
      onEvicted: (eviction, state) => {
        this.#agenda.appoint(state, Number.POSITIVE_INFINITY)
        for (const session of state.sessions) {
          if (!session.fired) this.#emit(state, session, 'flush')
          this.#options.row.release(session.fold)
        }
        options.onEvicted?.(eviction)
      },
    })
  }

  get keys(): number {
    return this.#states.size
  }

  add(key: K, id: Primitive, timestamp: number): 'held' | 'late' {
    const watermark = this.#options.watermark.value
    // What is late by itself, for a key without sessions, must not make a state and push another key's out.
    if (
      nextAfter(timestamp + Math.min(this.#gap, this.#maxDuration) + this.#options.allowedLateness) <=
        watermark &&
      !this.#states.has(key, 0, id)
    ) {
      return 'late'
    }
    const state = this.#states.at(key, 0, id)
    try {
      const session = this.#place(state, timestamp, watermark)
      if (session === undefined) return 'late'
      this.#options.row.add(session.fold)
      session.pending++
      session.changed = true
      if (this.#due(session) <= watermark) this.#emit(state, session, 'late')
      return 'held'
    } finally {
      this.#appoint(state)
    }
  }

  advance(): void {
    const watermark = this.#options.watermark.value
    for (let at = this.#agenda.next(); at <= watermark; at = this.#agenda.next()) {
      const state = this.#agenda.takeDue(watermark) as KeySessions<K>
      const session = state.sessions.find((s) => !s.fired)
      // An appointment from before the session grew is made anew: firing now would be ahead of the other keys.
      if (session !== undefined && this.#due(session) <= at) this.#emit(state, session, 'on-time')
      this.#forget(state, watermark)
      this.#appoint(state)
    }
  }

  next(): number {
    return this.#agenda.next()
  }

  early(): void {
    for (const { state, session } of this.#open()) if (session.changed) this.#emit(state, session, 'early')
  }

  flush(): void {
    for (const { state, session } of this.#open()) this.#emit(state, session, 'flush')
  }

  #newState(key: K): KeySessions<K> {
    return { key, order: this.#keysSeen++, at: Number.POSITIVE_INFINITY, sessions: [] }
  }

  /** The session that the event belongs to, grown so as to contain it; undefined where it is late. */
  #place(state: KeySessions<K>, timestamp: number, watermark: number): Session | undefined {
    const { sessions } = state
    let after = sessions.length
    while (after > 0 && (sessions[after - 1] as Session).first > timestamp) after--
    const left = this.#joinable(sessions[after - 1], timestamp)
    const right = this.#joinable(sessions[after], timestamp)
    if (left !== undefined && right !== undefined && right.last - left.first < this.#maxDuration) {
      sessions.splice(after, 1)
      left.last = right.last
      this.#options.row.merge(left.fold, right.fold)
      this.#options.row.release(right.fold)
      left.pending += right.pending
      left.fired = false
      left.revision = Math.max(left.revision, right.revision)
      return left
    }
    const session = left ?? right
    if (session !== undefined) {
      session.first = Math.min(session.first, timestamp)
      session.last = Math.max(session.last, timestamp)
      session.fired = false
      return session
    }
    if (this.#overAt({ first: timestamp, last: timestamp }) <= watermark) return undefined
    const alone: Session = {
      first: timestamp,
      last: timestamp,
      fold: this.#options.row.create(),
      pending: 0,
      fired: false,
      changed: true,
      revision: 0,
    }
    sessions.splice(after, 0, alone)
    return alone
  }

  #joinable(session: Session | undefined, timestamp: number): Session | undefined {
    if (session === undefined) return undefined
    const first = Math.min(session.first, timestamp)
    const last = Math.max(session.last, timestamp)
    const distance = Math.max(session.first - timestamp, timestamp - session.last)
    return distance <= this.#gap && last - first < this.#maxDuration ? session : undefined
  }

  #endOf(session: Span): number {
    return Math.min(session.last + this.#gap, session.first + this.#maxDuration)
  }

  /** The first watermark past its end. */
  #due(session: Span): number {
    return nextAfter(this.#endOf(session))
  }

  /** The first watermark past its end and the allowed lateness. */
  #overAt(session: Span): number {
    return nextAfter(this.#endOf(session) + this.#options.allowedLateness)
  }

  #emit(state: KeySessions<K>, session: Session, pane: Pane): void {
    const { row, settled, emit } = this.#options
    const value = row.result(session.fold)
    if (pane !== 'early') {
      session.fired = true
      settled(session.pending)
      session.pending = 0
    }
    session.changed = false
    emit({
      key: state.key,
      window: { start: session.first, end: this.#endOf(session) },
      value,
      pane,
      revision: session.revision++,
    })
  }

  /** Every session that has not fired, by end, then key first seen. */
  #open(): { readonly state: KeySessions<K>; readonly session: Session }[] {
    const open: { readonly state: KeySessions<K>; readonly session: Session }[] = []
    for (const state of this.#states.states()) {
      for (const session of state.sessions) if (!session.fired) open.push({ state, session })
    }
    return open.sort(
      (a, b) => this.#endOf(a.session) - this.#endOf(b.session) || a.state.order - b.state.order,
    )
  }

  #forget({ sessions }: KeySessions<K>, watermark: number): void {
    let gone = 0
    for (const session of sessions) {
      if (!session.fired || this.#overAt(session) > watermark) break
      this.#options.row.release(session.fold)
      gone++
    }
    sessions.splice(0, gone)
  }

  #appoint(state: KeySessions<K>): void {
    const oldest = state.sessions[0]
    if (oldest === undefined) {
      this.#states.delete(state.key)
      return
    }
    const open = state.sessions.find((session) => !session.fired)
    const forget = oldest.fired ? this.#overAt(oldest) : Number.POSITIVE_INFINITY
    const at = Math.min(forget, open === undefined ? Number.POSITIVE_INFINITY : this.#due(open))
    // A session grows with nearly every event. Its appointment stays where it is, and is made anew when it comes.
    if (at < state.at) this.#agenda.appoint(state, at)
  }
}

interface KeySessions<K> extends Appointed {
  readonly key: K
  /** By time; they do not overlap. */
  readonly sessions: Session[]
}

interface Span {
  /** The timestamps of the first and last events. */
  first: number
  last: number
}

interface Session extends Span {
  readonly fold: Slot
  /** Events that have been in no result but early ones. */
  pending: number
  fired: boolean
  changed: boolean
  revision: number
}
