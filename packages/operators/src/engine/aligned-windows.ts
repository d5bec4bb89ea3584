import { Agenda, type Appointed } from './agenda.ts'
import type { Key, Primitive } from './key.ts'
import { KeyedState } from './keyed-state.ts'
import { SortedDeque } from './sorted-deque.ts'
import { TwoStacks } from './two-stacks.ts'
import type { Pane, WindowEngine, WindowEngineOptions } from './window-engine.ts'
import type { WindowGrid } from './window-grid.ts'

/**
 * Tumbling and hopping windows. An event is folded once, into its pane, however many windows overlap there; a window
 * that fires is a fold over panes, which two stacks keep, so a firing costs O(every / pane) merges, amortised. Only an
 * event that comes into a pane already stacked makes its key's stacks be built anew, once a firing at most.
 */
export class AlignedWindows<K extends Key, V, R, A> implements WindowEngine<K, V> {
  readonly #grid: WindowGrid
  readonly #options: WindowEngineOptions<K, V, R, A>
  readonly #states: KeyedState<K, KeyWindows<K, A>>
  readonly #agenda = new Agenda<KeyWindows<K, A>>()
  readonly #countsRevisions: boolean
  #keysSeen = 0

  constructor(grid: WindowGrid, options: WindowEngineOptions<K, V, R, A>) {
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

  add(key: K, id: Primitive, read: V, timestamp: number, watermark: number): 'held' | 'late' | 'outside' {
    const { pane, firstWindow, lastWindow, firstEnd, lastEnd } = this.#grid.locate(timestamp)
    if (firstWindow > lastWindow) return 'outside'
    if (lastEnd + this.#options.allowedLateness <= watermark) return 'late'

    const state = this.#states.at(key, 0, id)
    try {
      this.#addToPane(state, pane, read, timestamp)
    } catch (error) {
      // A custom aggregate's own; a key that is new with this event must not stay behind without an appointment.
      this.#appoint(state)
      throw error
    }
    const firstOpen = firstEnd > watermark ? firstWindow : this.#grid.lastEndedBy(watermark) + 1
    if (firstOpen > firstWindow)
      this.#updateFired(state, firstWindow, Math.min(lastWindow, firstOpen - 1), watermark)
    if (firstOpen > lastWindow) this.#settle(state, pane, pane)
    else if (firstOpen >= state.nextWindow) return 'held'
    else state.nextWindow = firstOpen
    this.#appoint(state)
    return 'held'
  }

  advance(watermark: number): void {
    for (
      let state = this.#agenda.takeDue(watermark);
      state !== undefined;
      state = this.#agenda.takeDue(watermark)
    ) {
      if (this.#grid.endOf(state.nextWindow) <= watermark) this.#fire(state, 'on-time')
      this.#expire(state, watermark)
      this.#appoint(state)
    }
  }

  next(): number {
    return this.#agenda.next()
  }

  early(watermark: number): void {
    const grid = this.#grid
    const firstOpen = watermark === Number.NEGATIVE_INFINITY ? watermark : grid.lastEndedBy(watermark) + 1
    const due: { readonly window: number; readonly emit: () => void; readonly order: number }[] = []
    for (const state of this.#states.states()) {
      const changed = [...(state.changed ?? [])].sort((a, b) => a - b)
      state.changed?.clear()
      let from = Number.NEGATIVE_INFINITY
      for (const pane of changed) {
        const first = Math.max(from, firstOpen, grid.firstWindowOf(pane))
        const last = grid.lastWindowOf(pane)
        this.#slide(state, first, last, (window, fold) => {
          const value = this.#options.aggregate.result(fold)
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

  #newState(key: K): KeyWindows<K, A> {
    return {
      key,
      order: this.#keysSeen++,
      at: Number.POSITIVE_INFINITY,
      panes: new SortedDeque(),
      stacks: this.#grid.width === 1 ? undefined : new TwoStacks(this.#options.aggregate),
      stacked: 0,
      stackedTo: Number.NEGATIVE_INFINITY,
      restack: false,
      nextWindow: Number.POSITIVE_INFINITY,
      revisions: this.#countsRevisions ? new SortedDeque() : undefined,
      changed: this.#options.early ? new Set() : undefined,
    }
  }

  #addToPane(state: KeyWindows<K, A>, number: number, read: V, timestamp: number): void {
    const { aggregate } = this.#options
    const pane = state.panes.get(number)
    const fold = aggregate.add(pane === undefined ? aggregate.create() : pane.fold, read, timestamp)
    if (pane === undefined) state.panes.set(number, { fold, pending: 1 })
    else {
      pane.fold = fold
      pane.pending++
    }
    if (number < state.stackedTo) state.restack = true
    state.changed?.add(number)
  }

  /** New results for windows that had their time, as far as lateness is allowed. */
  #updateFired(state: KeyWindows<K, A>, first: number, last: number, watermark: number): void {
    const lateness = this.#options.allowedLateness
    if (lateness === 0) return
    const firstAllowed = this.#grid.lastEndedBy(watermark, lateness) + 1
    this.#slide(state, Math.max(first, firstAllowed), last, (window, fold) =>
      this.#emit(state, window, this.#options.aggregate.result(fold), 'late'),
    )
  }

  #fire(state: KeyWindows<K, A>, kind: Pane): void {
    const { panes, nextWindow: window } = state
    const { aggregate, allowedLateness } = this.#options
    const first = this.#grid.firstPaneOf(window)
    const next = first + this.#grid.step
    const fold =
      state.stacks === undefined
        ? panes.get(first)?.fold
        : this.#stackedFold(state, state.stacks, first, next)
    // Before the panes go: for a tumbling window the fold is its pane's own.
    const value = fold === undefined ? undefined : aggregate.result(fold)
    let following = 0
    if (allowedLateness === 0) this.#letGo(state, next)
    else {
      this.#settle(state, first, next - 1)
      following = panes.lowerBound(next)
    }
    state.nextWindow =
      following < panes.length
        ? Math.max(window + 1, this.#grid.firstWindowOf(panes.numberAt(following)))
        : Number.POSITIVE_INFINITY
    // Where there is a fold there is its result.
    if (fold !== undefined) this.#emit(state, window, value as R, kind)
    if (allowedLateness === 0) this.#forgetRevisionsThrough(state, window)
  }

  /** The fold of the panes from `first` on that the window has. Panes below `next` are in no other window to come. */
  #stackedFold(state: KeyWindows<K, A>, stacks: TwoStacks<A>, first: number, next: number): A | undefined {
    const { panes } = state
    const end = first + this.#grid.width
    if (state.restack) {
      stacks.clear()
      state.stacked = panes.lowerBound(first)
      state.restack = false
    } else stacks.evictBefore(first)
    for (; state.stacked < panes.length && panes.numberAt(state.stacked) < end; state.stacked++) {
      const number = panes.numberAt(state.stacked)
      if (number >= first) stacks.push(number, panes.valueAt(state.stacked).fold)
    }
    state.stackedTo = end
    return stacks.foldUpTo(next)
  }

  /** Counts the events of these panes as gone: no window to come has them. */
  #settle(state: KeyWindows<K, A>, first: number, last: number): void {
    const { panes } = state
    for (let i = panes.lowerBound(first); i < panes.length && panes.numberAt(i) <= last; i++) {
      const pane = panes.valueAt(i)
      if (pane.pending > 0) this.#options.settled(pane.pending)
      pane.pending = 0
    }
  }

  #emit(state: KeyWindows<K, A>, window: number, value: R, pane: Pane): void {
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

  #expire(state: KeyWindows<K, A>, watermark: number): void {
    const lateness = this.#options.allowedLateness
    if (lateness === 0) return
    // One leap of the watermark may end windows, and their lateness, that have yet to fire.
    const expired = Math.min(this.#grid.lastEndedBy(watermark, lateness), state.nextWindow - 1)
    this.#letGo(state, this.#grid.firstPaneOf(expired + 1))
    this.#forgetRevisionsThrough(state, expired)
  }

  /** Lets go of the panes below `next`, which no window to come has. */
  #letGo(state: KeyWindows<K, A>, next: number): void {
    const { panes } = state
    let settled = 0
    while (panes.length > 0 && panes.numberAt(0) < next) {
      settled += panes.valueAt(0).pending
      state.changed?.delete(panes.numberAt(0))
      panes.shift()
      if (state.stacked > 0) state.stacked--
    }
    if (settled > 0) this.#options.settled(settled)
  }

  #forgetRevisionsThrough({ revisions }: KeyWindows<K, A>, window: number): void {
    while (revisions !== undefined && revisions.length > 0 && revisions.numberAt(0) <= window)
      revisions.shift()
  }

  /** When the key has to be seen to next: a window to fire or, where nothing is open, panes to forget. */
  #appoint(state: KeyWindows<K, A>): void {
    if (state.nextWindow !== Number.POSITIVE_INFINITY) {
      this.#agenda.appoint(state, this.#grid.endOf(state.nextWindow))
      return
    }
    if (state.panes.length === 0) {
      this.#agenda.appoint(state, Number.POSITIVE_INFINITY)
      this.#states.delete(state.key)
      return
    }
    const oldest = this.#grid.lastWindowOf(state.panes.numberAt(0))
    this.#agenda.appoint(state, this.#grid.endOf(oldest) + this.#options.allowedLateness)
  }

  #flushKey(state: KeyWindows<K, A>): void {
    while (state.nextWindow !== Number.POSITIVE_INFINITY) this.#fire(state, 'flush')
    this.#agenda.appoint(state, Number.POSITIVE_INFINITY)
  }

  /** Visits the windows from first to last that have events, with their folds; all of them together cost two merges a pane. */
  #slide(
    state: KeyWindows<K, A>,
    first: number,
    last: number,
    visit: (window: number, fold: A) => void,
  ): void {
    const { panes } = state
    const stacks = new TwoStacks(this.#options.aggregate)
    let position = panes.lowerBound(this.#grid.firstPaneOf(first))
    for (let window = first; window <= last; window++) {
      const start = this.#grid.firstPaneOf(window)
      stacks.evictBefore(start)
      for (; position < panes.length && panes.numberAt(position) < start + this.#grid.width; position++) {
        if (panes.numberAt(position) >= start)
          stacks.push(panes.numberAt(position), panes.valueAt(position).fold)
      }
      const fold = stacks.foldUpTo(start + this.#grid.step)
      if (fold !== undefined) visit(window, fold)
    }
  }
}

interface KeyWindows<K, A> extends Appointed {
  readonly key: K
  readonly panes: SortedDeque<{ fold: A; pending: number }>
  /** None where a window is a single pane. */
  readonly stacks: TwoStacks<A> | undefined
  /** How many panes, from the first on, are in the stacks or were. */
  stacked: number
  /** Panes below this number are in the stacks, or were. */
  stackedTo: number
  /** An event has come into a pane that is in the stacks. */
  restack: boolean
  /** The next window to fire; Infinity where none is open. */
  nextWindow: number
  /** How many results each window has had, where there can be more than one. */
  readonly revisions: SortedDeque<number> | undefined
  /** Panes that have changed since the last early results, where there are such. */
  readonly changed: Set<number> | undefined
}
