import type { StateReader, StateWriter } from '../../stage/operator-state.ts'
import type { Slot } from '../aggregates/cells.ts'
import type { SortedDeque } from '../queues/sorted-deque.ts'

/** Creates and frees the accumulators of a sliding fold. */
export interface Accumulators {
  copy(of: Slot): Slot
  /** Changes `into`, never `from`. */
  merge(into: Slot, from: Slot): void
  release(slot: Slot): void
}

/**
 * The fold of a sliding range, without subtraction: sums of floats, maxima and sketches cannot be subtracted from. It is a
 * queue of two stacks. The new stack has one fold of all its elements. In the old stack, each element has the fold from
 * itself to the newest of the stack. Each element is merged twice, however many results include it.
 */
export class TwoStacks {
  readonly #accumulators: Accumulators
  readonly #newNumbers: number[] = []
  readonly #newElements: Slot[] = []
  /** The fold of the new elements. Undefined while there is at most one. */
  #newFold: Slot | undefined
  /** The oldest is last, so that `pop` removes it. */
  readonly #oldNumbers: number[] = []
  readonly #oldFolds: Slot[] = []

  constructor(accumulators: Accumulators) {
    this.#accumulators = accumulators
  }

  /** Adds an element with a higher number than the last. The caller must not change it while it is here. */
  push(number: number, element: Slot): void {
    const first = this.#newElements[0]
    if (this.#newFold !== undefined) this.#accumulators.merge(this.#newFold, element)
    else if (first !== undefined) {
      this.#newFold = this.#accumulators.copy(first)
      this.#accumulators.merge(this.#newFold, element)
    }
    this.#newNumbers.push(number)
    this.#newElements.push(element)
  }

  /** Removes every element whose number is below `number`. */
  evictBefore(number: number): void {
    this.#popBefore(number)
    // The new elements are newer than all old ones.
    if (!((this.#newNumbers[0] ?? Number.NaN) < number)) return
    this.#flip()
    this.#popBefore(number)
  }

  clear(): void {
    this.#releaseNewFold()
    this.#newNumbers.length = 0
    this.#newElements.length = 0
    for (const fold of this.#oldFolds) this.#accumulators.release(fold)
    this.#oldNumbers.length = 0
    this.#oldFolds.length = 0
  }

  /**
   * The fold of all elements, oldest first, which then belongs to the caller. Undefined if there are none. Later folds
   * do not include elements below `number`, so the oldest fold is given away instead of copied if it starts below.
   */
  foldUpTo(number: number): Slot | undefined {
    if (this.#oldFolds.length === 0) {
      if (this.#newNumbers.length === 0) return undefined
      this.#flip()
    }
    const fold = this.#oldestFold(number)
    const newer = this.#newFold ?? this.#newElements[0]
    if (newer !== undefined) this.#accumulators.merge(fold, newer)
    return fold
  }

  /** Writes how many elements are in which stack. */
  save(writer: StateWriter): void {
    writer.number(this.#oldNumbers.length)
    writer.number(this.#newNumbers.length)
  }

  /**
   * Folds the elements again, in the same order as before: sums of floats depend on it. They are those that the stacks had, the
   * last ones of `elements` before position `end`.
   */
  load(reader: StateReader, elements: SortedDeque<Slot>, end: number): void {
    const old = reader.number()
    let at = end - old - reader.number()
    for (const flipAt = at + old; at < end; at++) {
      this.push(elements.numberAt(at), elements.valueAt(at))
      if (at + 1 === flipAt) this.#flip()
    }
  }

  #oldestFold(number: number): Slot {
    const last = this.#oldFolds.length - 1
    if ((this.#oldNumbers[last] as number) >= number)
      return this.#accumulators.copy(this.#oldFolds[last] as Slot)
    this.#oldNumbers.pop()
    return this.#oldFolds.pop() as Slot
  }

  #popBefore(number: number): void {
    while ((this.#oldNumbers[this.#oldNumbers.length - 1] ?? Number.NaN) < number) {
      this.#oldNumbers.pop()
      this.#accumulators.release(this.#oldFolds.pop() as Slot)
    }
  }

  #flip(): void {
    let newer: Slot | undefined
    // `pop` keeps the array's memory. Setting the length to 0 would free it each time.
    for (let element = this.#newElements.pop(); element !== undefined; element = this.#newElements.pop()) {
      const own = this.#accumulators.copy(element)
      if (newer !== undefined) this.#accumulators.merge(own, newer)
      newer = own
      this.#oldNumbers.push(this.#newNumbers.pop() as number)
      this.#oldFolds.push(own)
    }
    this.#releaseNewFold()
  }

  #releaseNewFold(): void {
    if (this.#newFold !== undefined) this.#accumulators.release(this.#newFold)
    this.#newFold = undefined
  }
}
