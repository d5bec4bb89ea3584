import type { StateReader, StateWriter } from '../../stage/operator-state.ts'
import type { AggregateRow } from '../aggregates/aggregate-row.ts'
import type { Key, Primitive } from '../keyed-state/key.ts'
import { type Eviction, KeyedState, type StateCodec, type StateOrigin } from '../keyed-state/keyed-state.ts'
import { type Pane, partOf, type WindowResult } from '../window-engine.ts'
import { KeySlices } from './key-slices.ts'
import { WindowGrid } from './window-grid.ts'

export interface CountWindowsOptions<K, R, P> {
  /** Aggregates the events. The row reads an event before the engine adds it. */
  readonly row: Omit<AggregateRow<never, R>, 'read'>
  /** Events in a window. */
  readonly size: number
  /** Events from the start of a window to the start of the next. */
  readonly every: number
  readonly ttl: number
  readonly maxKeys: number
  readonly emit: (result: WindowResult<K, R>) => void
  /** Called with the number of events that no later window contains. */
  readonly onFinal: (events: number) => void
  /** Called with the parts of these events, when the last window that contains them is emitted. */
  readonly onEmitted: (parts: readonly P[]) => void
  readonly onEvicted: ((eviction: Eviction<K>) => void) | undefined
}

/**
 * Tumbling and hopping windows of a number of events, for all keys. The events of a key are numbered from 0, and its windows are
 * on a grid of these numbers. As in {@link AlignedWindows}, an event is folded once, into its slice.
 */
export class CountWindows<K extends Key, R, P = never> {
  readonly #grid: WindowGrid
  readonly #options: CountWindowsOptions<K, R, P>
  readonly #states: KeyedState<K, KeyCounts<K, R, P>>
  readonly #codec: StateCodec<KeyCounts<K, R, P>> = {
    write({ order, part, events, nextWindow, slices, flushedAt, flushes }, writer) {
      for (const number of [order, part, events, nextWindow, flushedAt]) writer.number(number)
      writer.value(flushes)
      slices.save(writer)
    },
    read(state, reader) {
      const read = {
        ...state,
        order: reader.number(),
        part: reader.number(),
        events: reader.number(),
        nextWindow: reader.number(),
        flushedAt: reader.number(),
        flushes: reader.value<Map<number, number> | undefined>(),
      }
      read.slices.load(reader)
      return read
    },
  }

  constructor(options: CountWindowsOptions<K, R, P>) {
    this.#options = options
    this.#grid = new WindowGrid(options.size, options.every, 0)
    this.#states = new KeyedState((key, origin) => this.#newState(key, origin), {
      ttl: options.ttl,
      maxKeys: options.maxKeys,
      onEvicted: (eviction, state) => {
        this.#flushKey(state)
        options.onEvicted?.(eviction)
      },
    })
  }

  get keys(): number {
    return this.#states.size
  }

  /** When the next key expires if it gets no event. Infinity: none does. */
  get nextExpiry(): number {
    return this.#states.nextExpiry
  }

  /** Adds the event that the row has read. Returns `'outside'` if it is between two windows. A part is handed to `onEmitted`. */
  add(key: K, id: Primitive, now: number, part?: P): 'held' | 'outside' {
    const { every, size } = this.#grid
    const state = this.#states.at(key, now, id)
    const number = state.events++
    if (number % every >= size) return 'outside'
    state.slices.add(Math.floor(number / this.#grid.sliceSize))
    if (part !== undefined) state.parts.push(part)
    if (this.#grid.windowEnd(state.nextWindow) === number + 1) this.#fire(state, 'on-time')
    return 'held'
  }

  /** Flushes the keys that have expired. */
  expire(now: number): void {
    this.#states.expire(now)
  }

  /**
   * Fires every window that has begun, by the order in which their keys came. `keeps`: the windows take more events after that,
   * and fire again when they are complete.
   */
  flush(keeps: boolean): void {
    for (const state of [...this.#states.states()].sort((a, b) => a.order - b.order)) {
      if (keeps) this.#flushOpen(state)
      else {
        this.#states.delete(state.key)
        this.#flushKey(state)
      }
    }
  }

  save(writer: StateWriter, shift: number): Generator<void, void> {
    return this.#states.save(writer, this.#codec, shift)
  }

  load(reader: StateReader, now: number, shift: number): void {
    this.#states.load(reader, this.#codec, now, shift)
  }

  #newState(key: K, { order, evictions }: StateOrigin): KeyCounts<K, R, P> {
    const slices = new KeySlices(this.#grid, this.#options.row)
    return {
      key,
      order,
      part: evictions,
      slices,
      events: 0,
      nextWindow: 0,
      parts: [],
      flushedAt: 0,
      flushes: undefined,
    }
  }

  #fire(state: KeyCounts<K, R, P>, pane: Pane): void {
    const window = state.nextWindow++
    const value = state.slices.result(window)
    const parts = this.#evictBefore(state, this.#grid.firstSlice(window + 1))
    this.#emit(state, window, value, pane)
    state.flushes?.delete(window)
    this.#options.onEmitted(parts)
  }

  /** Fires the windows that have begun, if an event has come since the last time, and changes nothing else. */
  #flushOpen(state: KeyCounts<K, R, P>): void {
    if (state.flushedAt === state.events) return
    this.#states.willChange(state.key)
    const { slices, nextWindow } = state
    state.flushedAt = state.events
    state.flushes ??= new Map()
    const flushes = state.flushes
    const added = slices.takeAdded(this.#grid.firstSlice(nextWindow), Number.POSITIVE_INFINITY)
    if (added > 0) this.#options.onFinal(added)
    const last = Math.ceil(state.events / this.#grid.every) - 1
    slices.slide(nextWindow, last, (window, value) => {
      this.#emit(state, window, value, 'flush')
      flushes.set(window, (flushes.get(window) ?? 0) + 1)
    })
  }

  #emit(state: KeyCounts<K, R, P>, window: number, value: R, pane: Pane): void {
    const result = {
      key: state.key,
      window: { start: this.#grid.windowStart(window), end: this.#grid.windowEnd(window) },
      value,
      pane,
      revision: state.flushes?.get(window) ?? 0,
    }
    this.#options.emit(state.part === 0 ? result : { ...result, ...partOf(state) })
  }

  #flushKey(state: KeyCounts<K, R, P>): void {
    while (this.#grid.windowStart(state.nextWindow) < state.events) this.#fire(state, 'flush')
    this.#options.onEmitted(this.#evictBefore(state, Number.POSITIVE_INFINITY))
  }

  /** Returns the parts of the events that no later window contains. */
  #evictBefore({ slices, parts }: KeyCounts<K, R, P>, slice: number): readonly P[] {
    const events = slices.evictBefore(slice)
    if (events > 0) this.#options.onFinal(events)
    return parts.splice(0, events)
  }
}

interface KeyCounts<K, R, P> {
  readonly key: K
  /** How many keys came before. */
  readonly order: number
  readonly part: number
  readonly slices: KeySlices<R>
  /** How many events the key has had. */
  events: number
  nextWindow: number
  /** The parts of the events in `slices`, if they have any. */
  readonly parts: P[]
  /** How many events the key had when its open windows were flushed last. */
  flushedAt: number
  /** How many results the open windows have had. Undefined: none. */
  flushes: Map<number, number> | undefined
}
