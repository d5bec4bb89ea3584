import type { StateReader, StateWriter } from '../../stage/operator-state.ts'
import { type Scheduled, TimerQueue } from '../queues/timer-queue.ts'
import type { Key, Primitive } from './key.ts'
import { type Eviction, KeyedState, type StateCodec, type StateOrigin } from './keyed-state.ts'

/** A key's state. */
export interface ScanEntry<K, S> extends Scheduled {
  readonly key: K
  readonly id: Primitive
  /** The seed's, until something has set it. */
  state: S
  isSeed: boolean
  /** When its timer is due. Infinity: it has none. Unlike `at`, it changes only after a copy of the entry was written. */
  timer: number
}

export interface KeyedScanOptions<K, S> {
  /** Creates the first state of a key. */
  readonly seed: (key: K) => S
  /** Milliseconds a key is kept after its last use. Default: for good. */
  readonly ttl?: number
  /** How many keys are kept. Default: any number. */
  readonly maxKeys?: number
  /** Called with a key whose state and timer have been deleted. */
  readonly onEvicted: (eviction: Eviction<K>, entry: ScanEntry<K, S>) => void
}

/** How many timers are taken between two checks. */
const CHECKED = 1_000_000

/** After so many timers of each key it is known how far apart they are. */
const OFTEN = 100

/** How many more timers may fire in one jump of event time: minutes of work. */
const MOST_TIMERS = 1e9

/** No watermark is as early as this. */
const BEFORE_ALL_TIME = Number.MIN_SAFE_INTEGER

/**
 * A state and at most one timer by key. Time is what the methods are told, a watermark. Timers and expiry follow each other in
 * the order of time: a key that expired before its timer was due has neither.
 */
export class KeyedScan<K extends Key, S> {
  readonly #entries: KeyedState<K, ScanEntry<K, S>>
  readonly #timers = new TimerQueue<ScanEntry<K, S>>()
  /** The states that are created now are read: the seed is not asked for them. */
  #isLoading = false
  /** The latest time that was told. */
  #now = BEFORE_ALL_TIME
  /** When the timer was due that `takeDue` returned last. */
  dueAt: number = Number.NaN
  /** How many timers have been taken since the time was last at the watermark. */
  #taken = 0
  /** When the first of them was due, and how many keys there were then. */
  #takenFrom = 0
  #keysBefore = 0

  constructor({ seed, ttl, maxKeys, onEvicted }: KeyedScanOptions<K, S>) {
    this.#entries = new KeyedState(
      (key, origin) => createEntry(key, origin, this.#isLoading ? (undefined as S) : seed(key)),
      {
        ...(ttl !== undefined && { ttl }),
        ...(maxKeys !== undefined && { maxKeys }),
        onEvicted: (eviction, entry) => {
          this.#timers.schedule(entry, Number.POSITIVE_INFINITY)
          onEvicted(eviction, entry)
        },
      },
    )
  }

  get size(): number {
    return this.#entries.size
  }

  /** When the next timer is due. Infinity: none is set. */
  nextTimer(): number {
    return this.#timers.next()
  }

  /** The key's entry, which is created if there is none. The key counts as used. */
  at(key: K, id: Primitive): ScanEntry<K, S> {
    return this.#entries.at(key, this.#now, id)
  }

  /** Takes the next timer that is due by the watermark. Then the time is the timer's, else the watermark. */
  takeDue(watermark: number): ScanEntry<K, S> | undefined {
    for (;;) {
      const due = this.#timers.next()
      if (due > watermark || due === Number.POSITIVE_INFINITY) {
        this.#moveTo(watermark)
        this.#taken = 0
        return undefined
      }
      this.#moveTo(due)
      const entry = this.#timers.takeDue(due)
      if (entry === undefined) continue
      this.#entries.at(entry.key, this.#now, entry.id)
      entry.timer = Number.POSITIVE_INFINITY
      this.dueAt = due
      if (this.#taken++ === 0) {
        this.#takenFrom = due
        this.#keysBefore = this.size
      } else if (this.#taken % CHECKED === 0) this.#requireEnd(watermark)
      return entry
    }
  }

  /** Sets the state of an entry. */
  setState(entry: ScanEntry<K, S>, state: S): void {
    entry.state = state
    entry.isSeed = false
  }

  /** Sets the timer of an entry, in place of an earlier one. Infinity clears it. */
  setTimer(entry: ScanEntry<K, S>, at: number): void {
    entry.timer = at
    this.#timers.schedule(entry, at)
  }

  /** Deletes the key's state and timer. */
  forget(entry: ScanEntry<K, S>): void {
    // `delete` lets a copy have the entry as it was.
    this.#entries.delete(entry.key, entry.id)
    this.setTimer(entry, Number.POSITIVE_INFINITY)
  }

  /** Writes the states and timers as they are now, and yields now and then. */
  *save(writer: StateWriter): Generator<void, void> {
    writer.number(this.#now)
    yield* this.#entries.save(writer, this.#codec)
  }

  /** Goes on from what `save` has written. */
  load(reader: StateReader): void {
    this.#now = reader.number()
    this.#isLoading = true
    this.#entries.load(reader, this.#codec, this.#now)
    this.#isLoading = false
  }

  readonly #codec: StateCodec<ScanEntry<K, S>> = {
    write({ timer, order, state }, writer) {
      writer.number(timer)
      writer.number(order)
      writer.value(state)
    },
    read: ({ key, id }, reader) => {
      const timer = reader.number()
      const order = reader.number()
      const entry = { ...createEntry(key, { id, order }, reader.value<S>()), isSeed: false, timer }
      this.#timers.schedule(entry, timer)
      return entry
    },
  }

  /** Timers that are set again and again must not keep the process busy for hours after one timestamp that is wrong. */
  #requireEnd(watermark: number): void {
    // Many keys may have a timer each, which fires once.
    if (this.#taken < OFTEN * this.#keysBefore) return
    const left = (this.#taken / (this.dueAt - this.#takenFrom)) * (watermark - this.dueAt)
    if (left <= MOST_TIMERS) return
    throw new RangeError(
      `scanByKey: timers would fire ${left.toPrecision(1)} times up to ${watermark}. Use maxFutureDrift, or set later timers`,
    )
  }

  #moveTo(time: number): void {
    if (!(time > this.#now) || time === Number.POSITIVE_INFINITY) return
    // What was used before there was a watermark counts as used when it starts.
    if (this.#now === BEFORE_ALL_TIME) this.#entries.renew(time)
    this.#now = time
    this.#entries.expire(time)
  }
}

function createEntry<K, S>(
  key: K,
  { id, order }: Pick<StateOrigin, 'id' | 'order'>,
  state: S,
): ScanEntry<K, S> {
  const [timer, at] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY]
  return { key, id, state, isSeed: true, timer, at, order }
}
