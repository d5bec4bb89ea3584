/** What a sliding fold needs of its elements: `merge` may change and return `into`, never `from`. */
export interface Mergeable<A> {
  create(): A
  merge(into: A, from: A): A
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

  get isEmpty(): boolean {
    return this.#newNumbers.length === 0 && this.#oldNumbers.length === 0
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

  /** The fold of everything that is in here, oldest first. The caller's own. */
  fold(): A {
    const oldest = this.#oldFolds[this.#oldFolds.length - 1]
    const result = this.#monoid.create()
    return this.#monoid.merge(
      oldest === undefined ? result : this.#monoid.merge(result, oldest),
      this.#newFold,
    )
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
      const own = monoid.merge(monoid.create(), element)
      younger = younger === undefined ? own : monoid.merge(own, younger)
      this.#oldNumbers.push(number)
      this.#oldFolds.push(younger)
    }
    this.#newNumbers = []
    this.#newElements = []
    this.#newFold = monoid.create()
  }
}
