import type { StateReader, StateWriter } from '../../stage/operator-state.ts'
import type { AggregateRow } from '../aggregates/aggregate-row.ts'
import type { Slot } from '../aggregates/cells.ts'
import { loadByNumber, SortedDeque, saveByNumber } from '../queues/sorted-deque.ts'
import type { Grid } from './grid.ts'
import { TwoStacks } from './two-stacks.ts'

/** Windows of at most this many slices are folded from scratch. Two stacks merge each slice about five times. */
const MAX_SLICES_TO_REFOLD = 4

/**
 * The slices of one key. Each slice has an accumulator, and the result of a window is the fold of its slices: its only
 * slice, or a few slices folded from scratch, or many from two stacks. Two stacks slide from window to window in O(1)
 * merges, amortised.
 */
export class KeySlices<R> {
  readonly #grid: Grid
  readonly #row: Omit<AggregateRow<never, R>, 'read'>
  readonly #slices = new SortedDeque<Slot>()
  /** Created for the first window of many slices. */
  #stacks: TwoStacks | undefined
  /** How many slices, from the first one, are or were in the stacks. */
  #stacked = 0
  /** Slices below this number are or were in the stacks. */
  #stackedTo = Number.NEGATIVE_INFINITY
  /** An event was added to a slice that is in the stacks, so they must be built again. */
  #isStale = false

  constructor(grid: Grid, row: Omit<AggregateRow<never, R>, 'read'>) {
    this.#grid = grid
    this.#row = row
  }

  /** The number of the oldest slice. NaN: there is none. */
  get oldest(): number {
    return this.#slices.numberAt(0)
  }

  /** Adds the event that the row has read. Returns the accumulator, which is valid until a window fires. */
  add(number: number): Slot {
    let slice = this.#slices.get(number)
    if (slice === undefined) {
      slice = this.#row.create()
      this.#slices.set(number, slice)
    }
    this.#row.add(slice)
    if (number < this.#stackedTo) this.#isStale = true
    return slice
  }

  /** The number of the first slice from `number` on. NaN: there is none. */
  firstFrom(number: number): number {
    return this.#slices.numberAt(this.#slices.lowerBound(number))
  }

  /** Whether a window has events. */
  has(window: number): boolean {
    const first = this.#grid.firstSlice(window)
    return this.firstFrom(first) < first + this.#grid.width
  }

  /** The result of a window that has events. The windows of successive calls rise, except after late events. */
  result(window: number): R {
    const first = this.#grid.firstSlice(window)
    if (this.#grid.width === 1) return this.#row.result(this.#slices.get(first) as Slot)
    return this.#takeResult(
      this.#grid.width <= MAX_SLICES_TO_REFOLD ? this.#refold(first) : this.#foldFromStacks(first),
    )
  }

  /** Visits windows with their results. Each must have events. Costs two merges a slice for all windows. */
  slide(first: number, last: number, visit: (window: number, result: R) => void): void {
    const slices = this.#slices
    const { step, width } = this.#grid
    const stacks = new TwoStacks(this.#row)
    let position = slices.lowerBound(this.#grid.firstSlice(first))
    for (let window = first; window <= last; window++) {
      const start = this.#grid.firstSlice(window)
      stacks.evictBefore(start)
      for (; position < slices.length && slices.numberAt(position) < start + width; position++) {
        stacks.push(slices.numberAt(position), slices.valueAt(position))
      }
      visit(window, this.#takeResult(stacks.foldUpTo(start + step) as Slot))
    }
    stacks.clear()
  }

  /** How many events were added to these slices since the last call. */
  takeAdded(first: number, last: number): number {
    const slices = this.#slices
    let added = 0
    for (let i = slices.lowerBound(first); i < slices.length && slices.numberAt(i) <= last; i++)
      added += this.#row.takeAdded(slices.valueAt(i))
    return added
  }

  /** Evicts the slices below `number`, which no later window contains. Returns what `takeAdded` of them would. */
  evictBefore(number: number): number {
    const slices = this.#slices
    // The stacks use the accumulators of the newer slices.
    this.#stacks?.evictBefore(number)
    let added = 0
    while (slices.length > 0 && slices.numberAt(0) < number) {
      const slice = slices.valueAt(0)
      added += this.#row.takeAdded(slice)
      this.#row.release(slice)
      slices.shift()
      if (this.#stacked > 0) this.#stacked--
    }
    return added
  }

  save(writer: StateWriter): void {
    saveByNumber(this.#slices, writer, (slice) => this.#row.save(slice, writer))
    const stacks = this.#isStale ? undefined : this.#stacks
    writer.value(stacks !== undefined)
    if (stacks === undefined) return
    writer.number(this.#stacked)
    writer.number(this.#stackedTo)
    stacks.save(writer)
  }

  load(reader: StateReader): void {
    const slices = this.#slices
    loadByNumber(reader, (number) => slices.set(number, this.#row.load(reader)))
    if (!reader.value<boolean>()) return
    this.#stacked = reader.number()
    this.#stackedTo = reader.number()
    this.#stacks = new TwoStacks(this.#row)
    this.#stacks.load(reader, slices, this.#stacked)
  }

  #refold(first: number): Slot {
    const slices = this.#slices
    const end = first + this.#grid.width
    let i = slices.lowerBound(first)
    const fold = this.#row.copy(slices.valueAt(i))
    for (i++; i < slices.length && slices.numberAt(i) < end; i++) this.#row.merge(fold, slices.valueAt(i))
    return fold
  }

  #foldFromStacks(first: number): Slot {
    const slices = this.#slices
    const end = first + this.#grid.width
    this.#stacks ??= new TwoStacks(this.#row)
    if (this.#isStale) {
      this.#stacks.clear()
      this.#stacked = slices.lowerBound(first)
      this.#isStale = false
    } else this.#stacks.evictBefore(first)
    for (; this.#stacked < slices.length && slices.numberAt(this.#stacked) < end; this.#stacked++) {
      const number = slices.numberAt(this.#stacked)
      if (number >= first) this.#stacks.push(number, slices.valueAt(this.#stacked))
    }
    this.#stackedTo = end
    return this.#stacks.foldUpTo(first + this.#grid.step) as Slot
  }

  #takeResult(fold: Slot): R {
    const result = this.#row.result(fold)
    this.#row.release(fold)
    return result
  }
}
