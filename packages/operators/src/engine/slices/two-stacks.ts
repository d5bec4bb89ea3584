import type { Slot } from '../aggregates/cells.ts'

/** What a sliding fold needs of its elements: accumulators that are taken, and given back when nobody needs them any more. */
export interface Accumulators {
  copy(of: Slot): Slot
  /** Changes `into`, never `from`. */
  merge(into: Slot, from: Slot): void
  release(slot: Slot): void
}

/**
 * The fold of a sliding range, kept without ever taking anything out of a fold: sums of floats, maxima and sketches
 * cannot be subtracted from. A queue of two stacks: the newer elements with one running fold, the older ones each with
 * the fold from itself to the youngest of them. Each element is merged twice, however often it is part of an answer.
 */
export class TwoStacks {
  readonly #accumulators: Accumulators
  readonly #newNumbers: number[] = []
  readonly #newElements: Slot[] = []
  /** Of the new elements. There is none while there is at most one of them. */
  #newFold: Slot | undefined
  /** Oldest last, so that the oldest is what pops. */
  readonly #oldNumbers: number[] = []
  readonly #oldFolds: Slot[] = []

  constructor(accumulators: Accumulators) {
    this.#accumulators = accumulators
  }

  /** Numbers rise. The element stays the caller's; it must not change while it is in here. */
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

  /** Takes out every element whose number is below `number`. */
  evictBefore(number: number): void {
    this.#popBefore(number)
    // The new ones come after all of the old.
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
   * The fold of everything that is in here, oldest first, and the caller's own; undefined where there is nothing. What is
   * below `number` will not be asked for again, so the fold that ends with it is given away rather than copied.
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
    let younger: Slot | undefined
    // Taken out one by one: an array whose length is set to 0 loses its memory, and has to get it anew each time.
    for (let element = this.#newElements.pop(); element !== undefined; element = this.#newElements.pop()) {
      const own = this.#accumulators.copy(element)
      if (younger !== undefined) this.#accumulators.merge(own, younger)
      younger = own
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
