import type { AggregateRow } from '../aggregates/aggregate-row.ts'
import type { Slot } from '../aggregates/cells.ts'
import { SortedDeque } from '../queues/sorted-deque.ts'
import { TwoStacks } from './two-stacks.ts'
import type { WindowGrid } from './window-grid.ts'

// Two stacks merge a pane about five times on its way through, with what it takes to keep them; folding a window of four anew is cheaper.
const FEW_PANES = 4

/**
 * One key's panes, each an accumulator, and what windows over them come to. A window is the fold of its panes: its only one, or
 * a few folded anew, or from two stacks, which slide from window to window in O(1) merges, amortised.
 */
export class KeyPanes<R> {
  readonly #grid: WindowGrid
  readonly #row: Omit<AggregateRow<never, R>, 'read'>
  readonly #panes = new SortedDeque<Slot>()
  /** Made for the first window of many panes. */
  #stacks: TwoStacks | undefined
  /** How many panes, from the first on, are in the stacks or were. */
  #stacked = 0
  /** Panes below this number are in the stacks, or were. */
  #stackedTo = Number.NEGATIVE_INFINITY
  /** An event has come into a pane that is in the stacks. */
  #restack = false

  constructor(grid: WindowGrid, row: Omit<AggregateRow<never, R>, 'read'>) {
    this.#grid = grid
    this.#row = row
  }

  /** NaN where there is none. */
  get oldest(): number {
    return this.#panes.numberAt(0)
  }

  /** Adds the event that the row has read last. The pane's accumulator, while no window fires, is where another event of that pane may be added. */
  add(number: number): Slot {
    let pane = this.#panes.get(number)
    if (pane === undefined) {
      pane = this.#row.create()
      this.#panes.set(number, pane)
    }
    this.#row.add(pane)
    if (number < this.#stackedTo) this.#restack = true
    return pane
  }

  /** The first pane from `number` on; NaN where there is none. */
  firstFrom(number: number): number {
    return this.#panes.numberAt(this.#panes.lowerBound(number))
  }

  /** The result of a window, which has events. The windows that are asked for rise, but for late events between. */
  resultOf(window: number): R {
    const first = this.#grid.firstPaneOf(window)
    if (this.#grid.width === 1) return this.#row.result(this.#panes.get(first) as Slot)
    return this.#resultAndRelease(
      this.#grid.width <= FEW_PANES ? this.#foldAnew(first) : this.#foldFromStacks(first),
    )
  }

  /** Visits the windows from first to last, each of which has events, with their results; all of them together cost two merges a pane. */
  slide(first: number, last: number, visit: (window: number, result: R) => void): void {
    const panes = this.#panes
    const { step, width } = this.#grid
    const stacks = new TwoStacks(this.#row)
    let position = panes.lowerBound(this.#grid.firstPaneOf(first))
    for (let window = first; window <= last; window++) {
      const start = this.#grid.firstPaneOf(window)
      stacks.evictBefore(start)
      for (; position < panes.length && panes.numberAt(position) < start + width; position++) {
        stacks.push(panes.numberAt(position), panes.valueAt(position))
      }
      visit(window, this.#resultAndRelease(stacks.foldUpTo(start + step) as Slot))
    }
    stacks.clear()
  }

  /** How many events have come into these panes since this was last asked. */
  settle(first: number, last: number): number {
    const panes = this.#panes
    let settled = 0
    for (let i = panes.lowerBound(first); i < panes.length && panes.numberAt(i) <= last; i++)
      settled += this.#row.settle(panes.valueAt(i))
    return settled
  }

  /** Lets go of the panes below `number`, which no window to come has, and settles them. */
  letGo(number: number): number {
    const panes = this.#panes
    // The stacks borrow the newer panes' accumulators.
    this.#stacks?.evictBefore(number)
    let settled = 0
    while (panes.length > 0 && panes.numberAt(0) < number) {
      const pane = panes.valueAt(0)
      settled += this.#row.settle(pane)
      this.#row.release(pane)
      panes.shift()
      if (this.#stacked > 0) this.#stacked--
    }
    return settled
  }

  #foldAnew(first: number): Slot {
    const panes = this.#panes
    const end = first + this.#grid.width
    let i = panes.lowerBound(first)
    const fold = this.#row.copy(panes.valueAt(i))
    for (i++; i < panes.length && panes.numberAt(i) < end; i++) this.#row.merge(fold, panes.valueAt(i))
    return fold
  }

  #foldFromStacks(first: number): Slot {
    const panes = this.#panes
    const end = first + this.#grid.width
    this.#stacks ??= new TwoStacks(this.#row)
    if (this.#restack) {
      this.#stacks.clear()
      this.#stacked = panes.lowerBound(first)
      this.#restack = false
    } else this.#stacks.evictBefore(first)
    for (; this.#stacked < panes.length && panes.numberAt(this.#stacked) < end; this.#stacked++) {
      const number = panes.numberAt(this.#stacked)
      if (number >= first) this.#stacks.push(number, panes.valueAt(this.#stacked))
    }
    this.#stackedTo = end
    return this.#stacks.foldUpTo(first + this.#grid.step) as Slot
  }

  #resultAndRelease(fold: Slot): R {
    const result = this.#row.result(fold)
    this.#row.release(fold)
    return result
  }
}
