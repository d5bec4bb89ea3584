import type { StateReader, StateWriter } from '../../stage/operator-state.ts'
import type { Key, Primitive } from '../keyed-state/key.ts'
import { KeyedState, type StateCodec, type StateOrigin } from '../keyed-state/keyed-state.ts'
import { type Scheduled, TimerQueue } from '../queues/timer-queue.ts'
import { nextAfter } from '../sessions/next-after.ts'
import { type Pane, partOf, type WindowEngine, type WindowEngineOptions } from '../window-engine.ts'
import { KeyEvents } from './key-events.ts'

/**
 * A window for each event: the events of its key in `(timestamp - size, timestamp]`. It fires when the watermark reaches the
 * timestamp, so that windows fire in event time whatever the order of arrival. Of simultaneous events of a key each has a
 * result, which is the next revision of the same window: the last one contains them all.
 */
export class SlidingWindows<K extends Key, R> implements WindowEngine<K> {
  readonly #size: number
  readonly #options: WindowEngineOptions<K, R>
  readonly #states: KeyedState<K, KeyState<K, R>>
  readonly #codec: StateCodec<KeyState<K, R>> = {
    write({ order, part, events }, writer) {
      writer.number(order)
      writer.number(part)
      events.save(writer)
    },
    read: ({ key, events }, reader) => {
      const state = new KeyState<K, R>(key, reader.number(), reader.number(), events)
      events.load(reader)
      return state
    },
  }
  /** The keys with events that wait for the watermark. */
  readonly #waiting = new TimerQueue<KeyState<K, R>>()
  /** All keys, by a time at which their events may have expired. It is put off when it comes, not with every event. */
  readonly #expiries = new TimerQueue<Expiry<K, R>>()

  constructor(size: number, options: WindowEngineOptions<K, R>) {
    this.#size = size
    this.#options = options
    this.#states = new KeyedState((key, origin) => this.#newState(key, origin), {
      maxKeys: options.maxKeys,
      onEvicted: (eviction, state) => {
        while (!Number.isNaN(state.events.next)) this.#fire(state, 'flush')
        this.#discard(state)
        options.onEvicted?.(eviction)
      },
    })
  }

  get keys(): number {
    return this.#states.size
  }

  add(key: K, id: Primitive, timestamp: number): 'held' | 'late' {
    const { allowedLateness, watermark } = this.#options
    if (timestamp + allowedLateness < watermark.value) return 'late'
    const state = this.#states.at(key, 0, id)
    if (timestamp < watermark.value || timestamp < state.events.keptTo) this.#addLate(state, timestamp)
    else {
      state.events.add(timestamp)
      if (timestamp < state.at) this.#waiting.schedule(state, timestamp)
    }
    return 'held'
  }

  advance(): void {
    const watermark = this.#options.watermark.value
    if (this.#waiting.earliest <= watermark) this.#fireUpTo(watermark, 'on-time')
    if (this.#expiries.earliest <= watermark) this.#expire(watermark)
  }

  next(): number {
    return Math.min(this.#waiting.next(), this.#expiries.next())
  }

  openFrom(): number {
    // An event is in the windows of all events that come within `size` after it.
    return this.keys === 0 ? Number.POSITIVE_INFINITY : this.#options.watermark.value - this.#size
  }

  finalFrom(timestamp: number): number {
    return nextAfter(timestamp)
  }

  early(): void {
    // A window fires with the event that it ends with. Before that there is none.
  }

  flush(keeps: boolean): void {
    if (keeps) {
      for (const { key, events } of this.#states.states()) {
        this.#states.willChange(key)
        events.keep()
      }
    }
    this.#fireUpTo(Number.MAX_VALUE, 'flush', keeps)
    if (keeps) return
    for (const state of [...this.#states.states()]) {
      this.#states.delete(state.key)
      this.#discard(state)
    }
  }

  save(writer: StateWriter): Generator<void, void> {
    return this.#states.save(writer, this.#codec)
  }

  load(reader: StateReader): void {
    this.#states.load(reader, this.#codec)
    for (const state of this.#states.states()) {
      const { next, expiresAt } = state.events
      if (!Number.isNaN(next)) this.#waiting.schedule(state, next)
      if (!Number.isNaN(expiresAt)) this.#expiries.schedule(state.expiry, expiresAt)
    }
  }

  #newState(key: K, { order, evictions }: StateOrigin): KeyState<K, R> {
    const { row, allowedLateness } = this.#options
    const events = new KeyEvents({ row, allowedLateness, size: this.#size })
    return new KeyState(key, order, evictions, events)
  }

  #fireUpTo(time: number, pane: Pane, keeps = false): void {
    for (
      let state = this.#waiting.takeDue(time);
      state !== undefined && !this.#options.isOver();
      state = this.#waiting.takeDue(time)
    ) {
      this.#states.willChange(state.key)
      const next = this.#fire(state, pane, keeps)
      if (!Number.isNaN(next)) this.#waiting.schedule(state, next)
    }
  }

  /**
   * Fires the key's next window. Returns the time of the one after it, or NaN. `keeps`: events as old as the watermark may still
   * come.
   */
  #fire(state: KeyState<K, R>, pane: Pane, keeps = false): number {
    const { events, expiry } = state
    const { allowedLateness, watermark } = this.#options
    const timestamp = events.next
    const value = events.fire()
    // Events as old as the watermark minus the allowed lateness may still come.
    events.evictFor(
      allowedLateness === 0 && !keeps ? timestamp : Math.min(timestamp, watermark.value - allowedLateness),
    )
    const { next } = events
    if (expiry.at === Number.POSITIVE_INFINITY) this.#expiries.schedule(expiry, events.expiresAt)
    this.#options.onFinal(1)
    this.#emit(state, timestamp, value, pane)
    return next
  }

  #addLate(state: KeyState<K, R>, timestamp: number): void {
    state.events.addLate(timestamp, (end, value) => this.#emit(state, end, value, 'late'))
    if (state.expiry.at === Number.POSITIVE_INFINITY)
      this.#expiries.schedule(state.expiry, state.events.expiresAt)
    this.#options.onFinal(1)
  }

  #emit(state: KeyState<K, R>, timestamp: number, value: R, pane: Pane): void {
    const result = {
      key: state.key,
      window: { start: timestamp - this.#size, end: timestamp },
      value,
      pane,
      revision: state.events.takeRevision(timestamp),
    }
    this.#options.emit(state.part === 0 ? result : { ...result, ...partOf(state) })
  }

  #expire(watermark: number): void {
    for (
      let expiry = this.#expiries.takeDue(watermark);
      expiry !== undefined;
      expiry = this.#expiries.takeDue(watermark)
    ) {
      const { state } = expiry
      const { expiresAt } = state.events
      if (expiresAt > watermark) {
        this.#states.willChange(state.key)
        state.events.evictFor(watermark - this.#options.allowedLateness)
        this.#expiries.schedule(expiry, expiresAt)
      } else {
        this.#states.delete(state.key)
        this.#discard(state)
      }
    }
  }

  #discard(state: KeyState<K, R>): void {
    this.#waiting.schedule(state, Number.POSITIVE_INFINITY)
    this.#expiries.schedule(state.expiry, Number.POSITIVE_INFINITY)
    state.events.clear()
  }
}

class KeyState<K, R> implements Scheduled {
  readonly key: K
  readonly order: number
  readonly part: number
  readonly events: KeyEvents<R>
  readonly expiry: Expiry<K, R>
  at = Number.POSITIVE_INFINITY

  constructor(key: K, order: number, part: number, events: KeyEvents<R>) {
    this.key = key
    this.order = order
    this.part = part
    this.events = events
    this.expiry = { state: this, order, at: Number.POSITIVE_INFINITY }
  }
}

interface Expiry<K, R> extends Scheduled {
  readonly state: KeyState<K, R>
}
