import type { StateReader, StateWriter } from '../stage/operator-state.ts'
import type { Key, Primitive } from './keyed-state/key.ts'
import { type Eviction, KeyedState, type StateCodec, type StateOrigin } from './keyed-state/keyed-state.ts'
import { type HeldLevel, LevelHolds } from './level-holds.ts'
import { TimerQueue } from './queues/timer-queue.ts'

/** An event with what an operator must know of it later. */
export interface Arrival<T, P> {
  readonly event: T
  readonly part: P | undefined
}

export interface HeldLevelsOptions<K, T, P> {
  /** How long a level must hold. */
  readonly duration: number
  /** The level that a value reaches, coming from a level. */
  readonly find: (value: number, from: number) => number
  /** Whether an event is emitted only if it changes the level. */
  readonly changesOnly: boolean
  readonly watermark: { readonly value: number }
  readonly ttl?: number
  readonly maxKeys?: number
  /** Takes an event with the level after it and before it. `isAgain`: it was emitted before. */
  readonly emit: (arrival: Arrival<T, P>, level: number, previous: number, isAgain: boolean) => void
  /** Takes an event that will not be emitted. */
  readonly drop: (arrival: Arrival<T, P>) => void
  readonly onEvicted: ((eviction: Eviction<K>) => void) | undefined
}

/**
 * The levels of all keys. The latest event of a key stays until the next one: it is emitted with the level that counts once it
 * has held. `ttl` goes by the watermark, so that no key is evicted before its due levels are settled.
 */
export class HeldLevels<K extends Key, T, P> {
  readonly #options: HeldLevelsOptions<K, T, P>
  readonly #holds: LevelHolds
  readonly #states: KeyedState<K, KeyLevel<K, T, P>>
  readonly #queue = new TimerQueue<KeyLevel<K, T, P>>()
  readonly #codec: StateCodec<KeyLevel<K, T, P>> = { write: writeKeyLevel, read: readKeyLevel }

  constructor(options: HeldLevelsOptions<K, T, P>) {
    const { duration, onEvicted, drop, changesOnly, ...bounds } = options
    this.#options = options
    this.#holds = new LevelHolds(duration)
    this.#states = new KeyedState((key, origin) => createKeyLevel(key, origin), {
      ...bounds,
      onEvicted: (eviction, state) => {
        this.#queue.schedule(state, Number.POSITIVE_INFINITY)
        this.#dropLatest(state)
        onEvicted?.(eviction)
      },
    })
  }

  get keys(): number {
    return this.#states.size
  }

  /** The watermark at which the next level counts. */
  next(): number {
    return this.#queue.next()
  }

  /** Settles every level that has held by the watermark. */
  advance(): void {
    const { watermark } = this.#options
    if (this.#queue.earliest > watermark.value) return
    for (
      let due = this.#queue.takeDue(watermark.value);
      due !== undefined;
      due = this.#queue.takeDue(watermark.value)
    ) {
      this.#settle(due)
    }
  }

  /** Adds an event that is not behind the watermark. Returns false if it is behind another one of its key. */
  add(key: K, id: Primitive, timestamp: number, value: number, arrival: Arrival<T, P>): boolean {
    const { find, changesOnly, emit } = this.#options
    const now = this.#now
    const state = this.#states.at(key, now, id)
    state.usedAt = now
    if (timestamp < state.newest) {
      this.#schedule(state)
      return false
    }
    this.#schedule(state)
    while (state.at <= timestamp) this.#settle(state)
    this.#holds.reach(state, find(value, state.reached), timestamp)
    this.#dropLatest(state)
    state.newest = timestamp
    state.latest = arrival
    this.#schedule(state)
    state.isHeld = changesOnly
    if (!changesOnly) emit(arrival, state.level, state.level, false)
    else if (state.at === Number.POSITIVE_INFINITY) this.#dropLatest(state)
    return true
  }

  /** Drops the events that may have changed a level later. */
  discard(): void {
    for (const state of this.#states.states()) {
      this.#states.willChange(state.key)
      this.#dropLatest(state)
    }
  }

  save(writer: StateWriter): Generator<void, void> {
    return this.#states.save(writer, this.#codec)
  }

  /** The watermark is restored before. */
  load(reader: StateReader): void {
    this.#states.load(reader, this.#codec, this.#now)
    for (const state of this.#states.states()) this.#schedule(state)
  }

  /** The watermark may be -Infinity, which has no distance from anything. */
  get #now(): number {
    return Math.max(this.#options.watermark.value, Number.MIN_SAFE_INTEGER)
  }

  #settle(state: KeyLevel<K, T, P>): void {
    this.#states.willChange(state.key)
    const previous = state.level
    this.#holds.settle(state)
    const { level, isHeld } = state
    state.isHeld = false
    this.#schedule(state)
    // A level changes only after an event.
    this.#options.emit(state.latest as Arrival<T, P>, level, previous, !isHeld)
  }

  #schedule(state: KeyLevel<K, T, P>): void {
    const { ttl = Number.POSITIVE_INFINITY } = this.#options
    const due = this.#holds.dueAt(state)
    this.#queue.schedule(state, due < state.usedAt + ttl ? due : Number.POSITIVE_INFINITY)
  }

  #dropLatest(state: KeyLevel<K, T, P>): void {
    if (!state.isHeld) return
    state.isHeld = false
    // It is held, so it is there.
    this.#options.drop(state.latest as Arrival<T, P>)
  }
}

interface KeyLevel<K, T, P> extends HeldLevel {
  readonly key: K
  /** The timestamp of the latest event. */
  newest: number
  latest: Arrival<T, P> | undefined
  /** Whether the latest event has not been emitted, because it may still change the level. */
  isHeld: boolean
  /** The watermark at the latest event. */
  usedAt: number
}

function createKeyLevel<K, T, P>(key: K, { order }: StateOrigin): KeyLevel<K, T, P> {
  return {
    key,
    order,
    at: Number.POSITIVE_INFINITY,
    level: 0,
    reached: 0,
    since: [],
    newest: Number.NEGATIVE_INFINITY,
    latest: undefined,
    isHeld: false,
    usedAt: Number.POSITIVE_INFINITY,
  }
}

function writeKeyLevel<K, T, P>(state: KeyLevel<K, T, P>, writer: StateWriter): void {
  const { order, level, reached, newest, usedAt, since, isHeld, latest } = state
  for (const number of [order, level, reached, newest, usedAt]) writer.number(number)
  writer.value(since)
  writer.value(isHeld)
  writer.value(latest?.event)
}

/** `state` is a new one of the key. */
function readKeyLevel<K, T, P>(state: KeyLevel<K, T, P>, reader: StateReader): KeyLevel<K, T, P> {
  return {
    ...state,
    order: reader.number(),
    level: reader.number(),
    reached: reader.number(),
    newest: reader.number(),
    usedAt: reader.number(),
    since: reader.value(),
    isHeld: reader.value(),
    latest: { event: reader.value(), part: undefined },
  }
}
