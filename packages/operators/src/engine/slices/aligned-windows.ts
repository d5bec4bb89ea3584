import type { StateReader, StateWriter } from '../../stage/operator-state.ts'
import type { Key, Primitive } from '../keyed-state/key.ts'
import { KeyedState, type StateCodec, type StateOrigin } from '../keyed-state/keyed-state.ts'
import { SortedDeque } from '../queues/sorted-deque.ts'
import { TimerQueue } from '../queues/timer-queue.ts'
import {
  type Fill,
  type Pane,
  partOf,
  type TimeWindow,
  type WindowEngine,
  type WindowEngineOptions,
} from '../window-engine.ts'
import { type Grid, type GridCell, windowAfter } from './grid.ts'
import { KeySlices } from './key-slices.ts'
import {
  createKeyWindows,
  deleteChangesBefore,
  deleteRevisionsThrough,
  goOnAfter,
  isNewestFired,
  type KeyWindows,
  readKeyWindows,
  writeKeyWindows,
} from './key-windows.ts'

/**
 * Tumbling and hopping windows. An event is folded once, into its slice, for any number of overlapping windows. A window
 * that fires folds its slices in O(every / slice) merges, amortised. The folds of a key are built again only if an event
 * comes into a slice that has already fired, and at most once a firing.
 */
export class AlignedWindows<K extends Key, R> implements WindowEngine<K> {
  readonly #grid: Grid
  readonly #options: WindowEngineOptions<K, R>
  readonly #states: KeyedState<K, KeyWindows<K, R>>
  readonly #queue = new TimerQueue<KeyWindows<K, R>>()
  readonly #hasRevisions: boolean
  /** The keys whose windows have changed since the last early results. */
  readonly #changed = new Set<KeyWindows<K, R>>()
  readonly #codec: StateCodec<KeyWindows<K, R>> = {
    write: writeKeyWindows,
    read: readKeyWindows,
  }

  constructor(grid: Grid, options: WindowEngineOptions<K, R>) {
    this.#grid = grid
    this.#options = options
    this.#hasRevisions = options.early || options.allowedLateness > 0
    this.#states = new KeyedState((key, origin) => this.#newState(key, origin), {
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

  add(key: K, id: Primitive, timestamp: number): 'held' | 'late' | 'outside' {
    const { watermark, allowedLateness, row } = this.#options
    const cell = this.#grid.locate(timestamp)
    if (cell.firstWindow > cell.lastWindow) return 'outside'
    if (cell.lastEnd + allowedLateness <= watermark.value) return 'late'

    const state = this.#states.at(key, 0, id)
    if (cell.slice === state.recentSlice) row.add(state.recentSlot)
    else this.#addToSlice(state, cell, watermark.value)
    return 'held'
  }

  advance(): void {
    const { watermark } = this.#options
    if (this.#queue.earliest <= watermark.value) this.#advanceTo(watermark.value)
  }

  next(): number {
    return this.#queue.next()
  }

  openFrom(): number {
    let first = Number.POSITIVE_INFINITY
    for (const { nextWindow } of this.#states.states()) {
      if (nextWindow !== Number.POSITIVE_INFINITY) first = Math.min(first, this.#grid.windowStart(nextWindow))
    }
    return first
  }

  finalFrom(timestamp: number): number {
    return this.#grid.windowStart(this.#grid.locate(timestamp).lastWindow + 1)
  }

  early(): void {
    const grid = this.#grid
    const firstOpen = grid.lastEnded(this.#options.watermark.value) + 1
    const due: { readonly window: number; readonly emit: () => void; readonly order: number }[] = []
    for (const state of this.#changed) {
      this.#states.willChange(state.key)
      state.recentSlice = Number.NaN
      // `early` is called only if the options say so, and then every key has this set.
      const changes = state.changed as Set<number>
      const changed = [...changes].sort((a, b) => a - b)
      changes.clear()
      let from = Number.NEGATIVE_INFINITY
      for (const slice of changed) {
        const first = Math.max(from, firstOpen, grid.firstWindow(slice))
        const last = grid.lastWindow(slice)
        state.slices.slide(first, last, (window, value) => {
          due.push({ window, order: state.order, emit: () => this.#emit(state, window, value, 'early') })
        })
        from = Math.max(from, last + 1)
      }
    }
    this.#changed.clear()
    due.sort((a, b) => a.window - b.window || a.order - b.order)
    for (const { emit } of due) emit()
  }

  flush(keeps: boolean): void {
    for (
      let state = this.#queue.takeDue(Number.MAX_VALUE);
      state !== undefined && !this.#options.isOver();
      state = this.#queue.takeDue(Number.MAX_VALUE)
    ) {
      if (!this.#isOpen(state)) continue
      this.#states.willChange(state.key)
      if (keeps) {
        state.revisions ??= new SortedDeque()
        state.changed?.clear()
      }
      this.#fire(state, 'flush', keeps)
      this.#schedule(state)
    }
  }

  save(writer: StateWriter): Generator<void, void> {
    return this.#states.save(writer, this.#codec)
  }

  load(reader: StateReader): void {
    this.#states.load(reader, this.#codec)
    for (const state of this.#states.states()) {
      this.#schedule(state)
      if (state.changed !== undefined && state.changed.size > 0) this.#changed.add(state)
    }
  }

  #advanceTo(watermark: number): void {
    for (
      let state = this.#queue.takeDue(watermark);
      state !== undefined && !this.#options.isOver();
      state = this.#queue.takeDue(watermark)
    ) {
      this.#states.willChange(state.key)
      state.recentSlice = Number.NaN
      if (this.#grid.windowEnd(state.nextWindow) <= watermark) this.#fire(state, 'on-time')
      this.#expire(state, watermark)
      this.#schedule(state)
    }
  }

  #newState(key: K, origin: StateOrigin): KeyWindows<K, R> {
    return createKeyWindows(key, origin, {
      slices: new KeySlices(this.#grid, this.#options.row),
      revisions: this.#hasRevisions ? new SortedDeque() : undefined,
      changed: this.#options.early ? new Set() : undefined,
    })
  }

  /** Adds an event to its slice, and updates the windows that contain it. */
  #addToSlice(state: KeyWindows<K, R>, cell: Readonly<GridCell>, watermark: number): void {
    const { slice, firstWindow, lastWindow, firstEnd } = cell
    const { nextWindow } = state
    const slot = state.slices.add(slice)
    if (state.changed !== undefined) {
      state.changed.add(slice)
      this.#changed.add(state)
    }
    const firstOpen = firstEnd > watermark ? firstWindow : this.#grid.lastEnded(watermark) + 1
    if (firstOpen > firstWindow)
      this.#updateFired(state, firstWindow, Math.min(lastWindow, firstOpen - 1), watermark)
    else {
      state.recentSlice = slice
      state.recentSlot = slot
    }
    if (firstOpen > lastWindow) this.#options.onFinal(state.slices.takeAdded(slice, slice))
    else if (firstOpen >= nextWindow) return
    else state.nextWindow = firstOpen
    this.#schedule(state)
  }

  /** Emits new results for windows that have fired, within the allowed lateness. */
  #updateFired(state: KeyWindows<K, R>, first: number, last: number, watermark: number): void {
    const lateness = this.#options.allowedLateness
    if (lateness === 0) return
    const firstAllowed = this.#grid.lastEnded(watermark, lateness) + 1
    state.slices.slide(Math.max(first, firstAllowed), last, (window, value) => {
      this.#emit(state, window, value, 'late')
      if (this.#options.fill !== undefined && isNewestFired(state, window))
        goOnAfter(state, value, windowAfter(this.#grid, window))
    })
  }

  /** `keeps`: whether the window takes more events. */
  #fire(state: KeyWindows<K, R>, pane: Pane, keeps: boolean = this.#options.allowedLateness > 0): void {
    const { slices, nextWindow: window } = state
    const { fill, onFinal, onEvicted } = this.#options
    const first = this.#grid.firstSlice(window)
    const next = first + this.#grid.step
    const isEmpty = fill !== undefined && !slices.has(window)
    const value = isEmpty ? this.#emptyValue(state, fill) : slices.result(window)
    if (!keeps) this.#evictBefore(state, next)
    else onFinal(slices.takeAdded(first, next - 1))
    const following = slices.firstFrom(next)
    const nextWithEvents = Number.isNaN(following)
      ? Number.POSITIVE_INFINITY
      : Math.max(window + 1, this.#grid.firstWindow(following))
    state.nextWindow = nextWithEvents
    let isForgotten = false
    if (fill !== undefined) {
      state.emptyWindows = isEmpty ? state.emptyWindows + 1 : 0
      state.previous = value
      const following = windowAfter(this.#grid, window)
      isForgotten = state.emptyWindows >= fill.limit && nextWithEvents > following
      if (!isForgotten) state.nextWindow = following
    }
    this.#emit(state, window, value, pane, isEmpty)
    if (!keeps) deleteRevisionsThrough(state, window)
    if (isForgotten) onEvicted?.({ key: state.key, reason: 'max-empty' })
  }

  /** Whether a window with events has not fired. */
  #isOpen({ nextWindow, slices }: KeyWindows<K, R>): boolean {
    if (this.#options.fill === undefined) return nextWindow !== Number.POSITIVE_INFINITY
    return !Number.isNaN(slices.firstFrom(this.#grid.firstSlice(nextWindow)))
  }

  #emptyValue({ key, nextWindow, previous }: KeyWindows<K, R>, { value }: Fill<K, R>): R {
    // A window with events has fired before, so there is a previous value.
    return value === undefined
      ? this.#options.row.emptyResult()
      : value({ key, window: this.#span(nextWindow), previous: previous as R })
  }

  #span(window: number): TimeWindow {
    return { start: this.#grid.windowStart(window), end: this.#grid.windowEnd(window) }
  }

  #emit(state: KeyWindows<K, R>, window: number, value: R, pane: Pane, isEmpty = false): void {
    const revision = state.revisions?.get(window) ?? 0
    state.revisions?.set(window, revision + 1)
    const result = { key: state.key, window: this.#span(window), value, pane, revision }
    if (state.part === 0 && !isEmpty) this.#options.emit(result)
    else
      this.#options.emit({
        ...result,
        ...partOf(state),
        ...(isEmpty && { empty: true }),
      })
  }

  #expire(state: KeyWindows<K, R>, watermark: number): void {
    // Without revisions nothing is kept.
    if (state.revisions === undefined) return
    const lastEnded = this.#grid.lastEnded(watermark, this.#options.allowedLateness)
    // One jump of the watermark may end a window and its lateness before the window has fired.
    const expired = Math.min(lastEnded, state.nextWindow - 1)
    this.#evictBefore(state, this.#grid.firstSlice(expired + 1))
    deleteRevisionsThrough(state, expired)
  }

  /** Evicts the slices below `next`, which no later window contains. */
  #evictBefore(state: KeyWindows<K, R>, next: number): void {
    deleteChangesBefore(state, next)
    this.#options.onFinal(state.slices.evictBefore(next))
  }

  /** Schedules the key's next window or, if no window is open, the expiry of its slices. */
  #schedule(state: KeyWindows<K, R>): void {
    if (state.nextWindow !== Number.POSITIVE_INFINITY) {
      this.#queue.schedule(state, this.#grid.windowEnd(state.nextWindow))
      return
    }
    const { oldest } = state.slices
    // Empty windows have revisions without slices.
    const lastWindow = Number.isNaN(oldest)
      ? (state.revisions?.numberAt(0) ?? Number.NaN)
      : this.#grid.lastWindow(oldest)
    if (Number.isNaN(lastWindow)) {
      this.#states.delete(state.key)
      return
    }
    this.#queue.schedule(state, this.#grid.windowEnd(lastWindow) + this.#options.allowedLateness)
  }

  #flushKey(state: KeyWindows<K, R>): void {
    while (this.#isOpen(state)) this.#fire(state, 'flush')
    this.#evictBefore(state, Number.POSITIVE_INFINITY)
    this.#queue.schedule(state, Number.POSITIVE_INFINITY)
  }
}
