import type { Slot } from '../aggregates/cells.ts'
import type { Key, Primitive } from '../keyed-state/key.ts'
import { KeyedState } from '../keyed-state/keyed-state.ts'
import { SortedDeque } from '../queues/sorted-deque.ts'
import { Agenda, type Appointed } from '../queues/timer-queue.ts'
import type { Pane, WindowEngine, WindowEngineOptions } from '../window-engine.ts'
import { KeyPanes } from './key-slices.ts'
import type { Place, WindowGrid } from './window-grid.ts'

/**
 * Tumbling and hopping windows. An event is folded once, into its pane, however many windows overlap there; a window
 * that fires is a fold over panes, which costs O(every / pane) merges, amortised. Only an event that comes into a pane that a
 * window has fired with makes its key's folds be built anew, once a firing at most.
 */
export class AlignedWindows<K extends Key, R> implements WindowEngine<K> {
  readonly #grid: WindowGrid
  readonly #options: WindowEngineOptions<K, R>
  readonly #states: KeyedState<K, KeyWindows<K, R>>
  readonly #agenda = new Agenda<KeyWindows<K, R>>()
  readonly #countsRevisions: boolean
  #keysSeen = 0

  constructor(grid: WindowGrid, options: WindowEngineOptions<K, R>) {
    this.#grid = grid
    this.#options = options
    this.#countsRevisions = options.early || options.allowedLateness > 0
    this.#states = new KeyedState((key) => this.#newState(key), {
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
    const place = this.#grid.locate(timestamp)
    if (place.firstWindow > place.lastWindow) return 'outside'
    if (place.lastEnd + allowedLateness <= watermark.value) return 'late'

    const state = this.#states.at(key, 0, id)
    if (place.pane === state.recentPane) row.add(state.recentSlot)
    else this.#place(state, place, watermark.value)
    return 'held'
  }

  advance(): void {
    const { watermark } = this.#options
    if (this.#agenda.earliest <= watermark.value) this.#advanceTo(watermark.value)
  }

  next(): number {
    return this.#agenda.next()
  }

  early(): void {
    const grid = this.#grid
    const firstOpen = grid.lastEndedBy(this.#options.watermark.value) + 1
    const due: { readonly window: number; readonly emit: () => void; readonly order: number }[] = []
    for (const state of this.#states.states()) {
      state.recentPane = Number.NaN
      // Early results are asked for only where the options say so, and then every key keeps what has changed.
      const changes = state.changed as Set<number>
      const changed = [...changes].sort((a, b) => a - b)
      changes.clear()
      let from = Number.NEGATIVE_INFINITY
      for (const pane of changed) {
        const first = Math.max(from, firstOpen, grid.firstWindowOf(pane))
        const last = grid.lastWindowOf(pane)
        state.panes.slide(first, last, (window, value) => {
          due.push({ window, order: state.order, emit: () => this.#emit(state, window, value, 'early') })
        })
        from = Math.max(from, last + 1)
      }
    }
    due.sort((a, b) => a.window - b.window || a.order - b.order)
    for (const { emit } of due) emit()
  }

  flush(): void {
    for (
      let state = this.#agenda.takeDue(Number.MAX_VALUE);
      state !== undefined;
      state = this.#agenda.takeDue(Number.MAX_VALUE)
    ) {
      if (state.nextWindow === Number.POSITIVE_INFINITY) continue
      this.#fire(state, 'flush')
      this.#appoint(state)
    }
  }

  #advanceTo(watermark: number): void {
    for (
      let state = this.#agenda.takeDue(watermark);
      state !== undefined;
      state = this.#agenda.takeDue(watermark)
    ) {
      state.recentPane = Number.NaN
      if (this.#grid.endOf(state.nextWindow) <= watermark) this.#fire(state, 'on-time')
      this.#expire(state, watermark)
      this.#appoint(state)
    }
  }

  #newState(key: K): KeyWindows<K, R> {
    return {
      key,
      order: this.#keysSeen++,
      at: Number.POSITIVE_INFINITY,
      panes: new KeyPanes(this.#grid, this.#options.row),
      recentPane: Number.NaN,
      recentSlot: 0,
      nextWindow: Number.POSITIVE_INFINITY,
      revisions: this.#countsRevisions ? new SortedDeque() : undefined,
      changed: this.#options.early ? new Set() : undefined,
    }
  }

  /** Adds an event to its pane, and sees to the windows that have it. */
  #place(state: KeyWindows<K, R>, place: Readonly<Place>, watermark: number): void {
    const { pane, firstWindow, lastWindow, firstEnd } = place
    const slot = state.panes.add(pane)
    state.changed?.add(pane)
    const firstOpen = firstEnd > watermark ? firstWindow : this.#grid.lastEndedBy(watermark) + 1
    if (firstOpen > firstWindow)
      this.#updateFired(state, firstWindow, Math.min(lastWindow, firstOpen - 1), watermark)
    else {
      state.recentPane = pane
      state.recentSlot = slot
    }
    if (firstOpen > lastWindow) this.#options.settled(state.panes.settle(pane, pane))
    else if (firstOpen >= state.nextWindow) return
    else state.nextWindow = firstOpen
    this.#appoint(state)
  }

  /** New results for windows that had their time, as far as lateness is allowed. */
  #updateFired(state: KeyWindows<K, R>, first: number, last: number, watermark: number): void {
    const lateness = this.#options.allowedLateness
    if (lateness === 0) return
    const firstAllowed = this.#grid.lastEndedBy(watermark, lateness) + 1
    state.panes.slide(Math.max(first, firstAllowed), last, (window, value) =>
      this.#emit(state, window, value, 'late'),
    )
  }

  #fire(state: KeyWindows<K, R>, kind: Pane): void {
    const { panes, nextWindow: window } = state
    const { allowedLateness, settled } = this.#options
    const first = this.#grid.firstPaneOf(window)
    const next = first + this.#grid.step
    const value = panes.resultOf(window)
    if (allowedLateness === 0) this.#letGo(state, next)
    else settled(panes.settle(first, next - 1))
    const following = panes.firstFrom(next)
    state.nextWindow = Number.isNaN(following)
      ? Number.POSITIVE_INFINITY
      : Math.max(window + 1, this.#grid.firstWindowOf(following))
    this.#emit(state, window, value, kind)
    if (allowedLateness === 0) this.#forgetRevisionsThrough(state, window)
  }

  #emit(state: KeyWindows<K, R>, window: number, value: R, pane: Pane): void {
    const revision = state.revisions?.get(window) ?? 0
    state.revisions?.set(window, revision + 1)
    const start = this.#grid.startOf(window)
    this.#options.emit({
      key: state.key,
      window: { start, end: start + this.#grid.size },
      value,
      pane,
      revision,
    })
  }

  #expire(state: KeyWindows<K, R>, watermark: number): void {
    const lateness = this.#options.allowedLateness
    if (lateness === 0) return
    // One leap of the watermark may end windows, and their lateness, that have yet to fire.
    const expired = Math.min(this.#grid.lastEndedBy(watermark, lateness), state.nextWindow - 1)
    this.#letGo(state, this.#grid.firstPaneOf(expired + 1))
    this.#forgetRevisionsThrough(state, expired)
  }

  /** Lets go of the panes below `next`, which no window to come has. */
  #letGo({ panes, changed }: KeyWindows<K, R>, next: number): void {
    for (const pane of changed ?? []) {
      // They come in about this order. One that is passed over now has no open window, and goes with the next.
      if (pane >= next) break
      changed?.delete(pane)
    }
    this.#options.settled(panes.letGo(next))
  }

  #forgetRevisionsThrough({ revisions }: KeyWindows<K, R>, window: number): void {
    while (revisions !== undefined && revisions.numberAt(0) <= window) revisions.shift()
  }

  /** When the key has to be seen to next: a window to fire or, where nothing is open, panes to forget. */
  #appoint(state: KeyWindows<K, R>): void {
    if (state.nextWindow !== Number.POSITIVE_INFINITY) {
      this.#agenda.appoint(state, this.#grid.endOf(state.nextWindow))
      return
    }
    const { oldest } = state.panes
    if (Number.isNaN(oldest)) {
      this.#states.delete(state.key)
      return
    }
    const lastWindow = this.#grid.lastWindowOf(oldest)
    this.#agenda.appoint(state, this.#grid.endOf(lastWindow) + this.#options.allowedLateness)
  }

  #flushKey(state: KeyWindows<K, R>): void {
    while (state.nextWindow !== Number.POSITIVE_INFINITY) this.#fire(state, 'flush')
    this.#letGo(state, Number.POSITIVE_INFINITY)
    this.#agenda.appoint(state, Number.POSITIVE_INFINITY)
  }
}

interface KeyWindows<K, R> extends Appointed {
  readonly key: K
  readonly panes: KeyPanes<R>
  /**
   * The pane of the last event, whose windows were all open then. As long as none of the key's windows has fired since, or been given
   * early, the next event of this pane only has to be added to its accumulator. NaN: no such pane.
   */
  recentPane: number
  recentSlot: Slot
  /** The next window to fire; Infinity where none is open. */
  nextWindow: number
  /** How many results each window has had, where there can be more than one. */
  readonly revisions: SortedDeque<number> | undefined
  /** Panes that have changed since the last early results, where there are such. */
  readonly changed: Set<number> | undefined
}
