/** What a sliding fold needs of its elements: `merge` may change and return `into`, never `from`. */
export interface Mergeable<A> {
  create(): A
  merge(into: A, from: A): A
  /** A copy that may be changed without changing `of`. Left out: what merging into nothing gives. */
  copy?(of: A): A
}

export function copyOf<A>(monoid: Mergeable<A>, of: A): A {
  return monoid.copy === undefined ? monoid.merge(monoid.create(), of) : monoid.copy(of)
}

/**
 * The fold of a sliding range, kept without ever taking anything out of a fold: sums of floats, maxima and sketches
 * cannot be subtracted from. A queue of two stacks: the newer elements with one running fold, the older ones each with
 * the fold from itself to the youngest of them. Each element is merged twice, however often it is part of an answer.
 */
export class TwoStacks<A> {
  readonly #monoid: Mergeable<A>
  #newNumbers: number[] = []
  #newElements: A[] = []
  #newFold: A
  /** Oldest last, so that the oldest is what pops. */
  readonly #oldNumbers: number[] = []
  readonly #oldFolds: A[] = []

  constructor(monoid: Mergeable<A>) {
    this.#monoid = monoid
    this.#newFold = monoid.create()
  }

  /** Numbers rise. The element is not changed, and must not change while it is in here. */
  push(number: number, element: A): void {
    this.#newNumbers.push(number)
    this.#newElements.push(element)
    this.#newFold = this.#monoid.merge(this.#newFold, element)
  }

  /** Takes out every element whose number is below `number`. */
  evictBefore(number: number): void {
    this.#popBefore(number)
    if (this.#oldNumbers.length > 0 || !((this.#newNumbers[0] ?? Number.NaN) < number)) return
    this.#flip()
    this.#popBefore(number)
  }

  clear(): void {
    this.#newNumbers = []
    this.#newElements = []
    this.#newFold = this.#monoid.create()
    this.#oldNumbers.length = 0
    this.#oldFolds.length = 0
  }

  /**
   * The fold of everything that is in here, oldest first, and the caller's own; undefined where there is nothing. What is
   * below `number` will not be asked for again, so the fold that ends with it is given away rather than copied.
   */
  foldUpTo(number: number): A | undefined {
    if (this.#oldFolds.length === 0) {
      if (this.#newNumbers.length === 0) return undefined
      this.#flip()
    }
    const isLast = (this.#oldNumbers[this.#oldNumbers.length - 1] ?? Number.NaN) < number
    const oldest = isLast ? this.#oldFolds.pop() : this.#oldFolds[this.#oldFolds.length - 1]
    if (isLast) this.#oldNumbers.pop()
    if (oldest === undefined) return undefined
    const fold = isLast ? oldest : copyOf(this.#monoid, oldest)
    return this.#newNumbers.length === 0 ? fold : this.#monoid.merge(fold, this.#newFold)
  }

  #popBefore(number: number): void {
    while ((this.#oldNumbers[this.#oldNumbers.length - 1] ?? Number.NaN) < number) {
      this.#oldNumbers.pop()
      this.#oldFolds.pop()
    }
  }

  #flip(): void {
    const monoid = this.#monoid
    let younger: A | undefined
    for (let i = this.#newNumbers.length - 1; i >= 0; i--) {
      const number = this.#newNumbers[i]
      const element = this.#newElements[i]
      if (number === undefined || element === undefined) continue
      const own = copyOf(monoid, element)
      younger = younger === undefined ? own : monoid.merge(own, younger)
      this.#oldNumbers.push(number)
      this.#oldFolds.push(younger)
    }
    this.#newNumbers = []
    this.#newElements = []
    this.#newFold = monoid.create()
  }
}
