import type { StateReader, StateWriter } from '../../stage/operator-state.ts'
import type { Key, Primitive } from '../keyed-state/key.ts'
import { KeyedState, type StateCodec } from '../keyed-state/keyed-state.ts'
import { TimerQueue } from '../queues/timer-queue.ts'
import { type Pane, partOf, type WindowEngine, type WindowEngineOptions } from '../window-engine.ts'
import { nextAfter } from './next-after.ts'
import {
  createKeySessions,
  type KeySessions,
  readSessions,
  type Session,
  type Span,
  writeSessions,
} from './session.ts'

/**
 * Session windows: a key's events with at most `gap` between two neighbours. An event joins the session near it, and an
 * event between two sessions merges them. A session that has fired is kept for the allowed lateness, and fires again when
 * it grows.
 *
 * An event exactly `gap` after the last one still belongs to the session. So a session fires when the watermark has
 * passed its end, not when it has reached it: otherwise the result would depend on the order of simultaneous events of
 * different keys.
 */
export class SessionWindows<K extends Key, R> implements WindowEngine<K> {
  readonly #gap: number
  readonly #maxDuration: number
  readonly #options: WindowEngineOptions<K, R>
  readonly #states: KeyedState<K, KeySessions<K>>
  readonly #queue = new TimerQueue<KeySessions<K>>()
  /** The keys whose sessions have changed since the last early results. Empty without them. */
  readonly #changed = new Set<KeySessions<K>>()
  readonly #codec: StateCodec<KeySessions<K>> = {
    write: (state, writer) => writeSessions(state, this.#options.row, writer),
    read: (state, reader) => readSessions(state, this.#options.row, reader),
  }

  constructor(gap: number, maxDuration: number, options: WindowEngineOptions<K, R>) {
    this.#gap = gap
    this.#maxDuration = maxDuration
    this.#options = options
    this.#states = new KeyedState(createKeySessions, {
      maxKeys: options.maxKeys,
      onEvicted: (eviction, state) => {
        this.#queue.schedule(state, Number.POSITIVE_INFINITY)
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
    // A late event of a key without sessions must not create a state, which could evict another key.
    if (
      nextAfter(timestamp + Math.min(this.#gap, this.#maxDuration) + this.#options.allowedLateness) <=
        watermark &&
      !this.#states.has(key, 0, id)
    ) {
      return 'late'
    }
    const state = this.#states.at(key, 0, id)
    try {
      const session = this.#findSession(state, timestamp, watermark)
      if (session === undefined) return 'late'
      this.#options.row.add(session.fold)
      session.pending++
      session.changed = true
      if (this.#options.early) this.#changed.add(state)
      if (this.#dueAt(session) <= watermark) this.#emit(state, session, 'late')
      return 'held'
    } finally {
      this.#schedule(state)
    }
  }

  advance(): void {
    const watermark = this.#options.watermark.value
    for (let at = this.#queue.next(); at <= watermark && !this.#options.isOver(); at = this.#queue.next()) {
      const state = this.#queue.takeDue(watermark) as KeySessions<K>
      this.#states.willChange(state.key)
      const session = state.sessions.find((s) => !s.fired)
      // If the session has grown since it was scheduled, it is scheduled again. Firing now would be ahead of other keys.
      if (session !== undefined && this.#dueAt(session) <= at) this.#emit(state, session, 'on-time')
      this.#expire(state, watermark)
      this.#schedule(state)
    }
  }

  next(): number {
    return this.#queue.next()
  }

  openFrom(): number {
    let first = Number.POSITIVE_INFINITY
    for (const { sessions } of this.#states.states()) {
      for (const session of sessions) if (!session.fired) first = Math.min(first, session.first)
    }
    return first
  }

  finalFrom(timestamp: number): number {
    // Rounded up to a multiple of the gap, so that a session that never ends has few different times.
    const rounded = (Math.floor(timestamp / this.#gap) + 1) * this.#gap
    return rounded > timestamp ? rounded : nextAfter(timestamp)
  }

  early(): void {
    for (const { state, session } of this.#open(this.#changed))
      if (session.changed) this.#emit(state, session, 'early')
    this.#changed.clear()
  }

  flush(): void {
    for (const { state, session } of this.#open(this.#states.states())) this.#emit(state, session, 'flush')
  }

  save(writer: StateWriter): Generator<void, void> {
    return this.#states.save(writer, this.#codec)
  }

  load(reader: StateReader): void {
    this.#states.load(reader, this.#codec)
    for (const state of this.#states.states()) {
      this.#schedule(state)
      if (this.#options.early && state.sessions.some(({ changed }) => changed)) this.#changed.add(state)
    }
  }

  /** Finds or creates the session of an event, and extends it to the event. Undefined: the event is late. */
  #findSession(state: KeySessions<K>, timestamp: number, watermark: number): Session | undefined {
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
      left.standing = [...left.standing, ...right.standing]
      return left
    }
    const session = left ?? right
    if (session !== undefined) {
      session.first = Math.min(session.first, timestamp)
      session.last = Math.max(session.last, timestamp)
      session.fired = false
      return session
    }
    if (this.#expiresAt({ first: timestamp, last: timestamp }) <= watermark) return undefined
    const created: Session = {
      first: timestamp,
      last: timestamp,
      fold: this.#options.row.create(),
      pending: 0,
      fired: false,
      changed: true,
      revision: 0,
      standing: [],
    }
    sessions.splice(after, 0, created)
    return created
  }

  #joinable(session: Session | undefined, timestamp: number): Session | undefined {
    if (session === undefined) return undefined
    const first = Math.min(session.first, timestamp)
    const last = Math.max(session.last, timestamp)
    const distance = Math.max(session.first - timestamp, timestamp - session.last)
    return distance <= this.#gap && last - first < this.#maxDuration ? session : undefined
  }

  #sessionEnd(session: Span): number {
    return Math.min(session.last + this.#gap, session.first + this.#maxDuration)
  }

  /** The first watermark past the session's end. */
  #dueAt(session: Span): number {
    return nextAfter(this.#sessionEnd(session))
  }

  /** The first watermark past the session's end and the allowed lateness. */
  #expiresAt(session: Span): number {
    return nextAfter(this.#sessionEnd(session) + this.#options.allowedLateness)
  }

  #emit(state: KeySessions<K>, session: Session, pane: Pane): void {
    this.#states.willChange(state.key)
    const { row, onFinal, emit } = this.#options
    const value = row.result(session.fold)
    if (pane !== 'early') {
      session.fired = true
      onFinal(session.pending)
      session.pending = 0
    }
    session.changed = false
    const window = { start: session.first, end: this.#sessionEnd(session) }
    const replaces = session.standing.filter(({ start, end }) => start !== window.start || end !== window.end)
    session.standing = [window]
    emit({
      key: state.key,
      window,
      value,
      pane,
      revision: session.revision++,
      ...partOf(state),
      ...(replaces.length > 0 && { replaces }),
    })
  }

  /** Every session of these keys that has not fired, ordered by end, then by the key that came first. */
  #open(states: Iterable<KeySessions<K>>): { readonly state: KeySessions<K>; readonly session: Session }[] {
    const open: { readonly state: KeySessions<K>; readonly session: Session }[] = []
    for (const state of states) {
      for (const session of state.sessions) if (!session.fired) open.push({ state, session })
    }
    return open.sort(
      (a, b) => this.#sessionEnd(a.session) - this.#sessionEnd(b.session) || a.state.order - b.state.order,
    )
  }

  #expire({ sessions }: KeySessions<K>, watermark: number): void {
    let expired = 0
    for (const session of sessions) {
      if (!session.fired || this.#expiresAt(session) > watermark) break
      this.#options.row.release(session.fold)
      expired++
    }
    sessions.splice(0, expired)
  }

  #schedule(state: KeySessions<K>): void {
    const oldest = state.sessions[0]
    if (oldest === undefined) {
      this.#states.delete(state.key)
      return
    }
    const open = state.sessions.find((session) => !session.fired)
    const expires = oldest.fired ? this.#expiresAt(oldest) : Number.POSITIVE_INFINITY
    const at = Math.min(expires, open === undefined ? Number.POSITIVE_INFINITY : this.#dueAt(open))
    // A session grows with nearly every event. It stays scheduled, and is scheduled again when it is due.
    if (at < state.at) this.#queue.schedule(state, at)
  }
}
