/**
 * First in, first out, in constant time. `shift` of a long array moves all that is left, so that a burst of events would take
 * quadratic time.
 */
export class Queue<T extends object> {
  #newer: T[] = []
  /** The oldest item is the last. */
  #older: T[] = []

  get size(): number {
    return this.#newer.length + this.#older.length
  }

  push(item: T): void {
    this.#newer.push(item)
  }

  /** The oldest item. Undefined if there is none. */
  shift(): T | undefined {
    if (this.#older.length === 0) {
      this.#older = this.#newer.reverse()
      this.#newer = []
    }
    return this.#older.pop()
  }

  clear(): void {
    this.#older = []
    this.#newer = []
  }
}
