/** A binary heap. `push` and `pop` are O(log n), and `peek` returns the first element of the order `before`. */
export class Heap<T> {
  readonly #before: (a: T, b: T) => boolean
  #items: T[] = []

  constructor(before: (a: T, b: T) => boolean) {
    this.#before = before
  }

  get size(): number {
    return this.#items.length
  }

  /** A copy of all items, in no order. */
  items(): readonly T[] {
    return [...this.#items]
  }

  peek(): T | undefined {
    return this.#items[0]
  }

  push(item: T): void {
    this.#items.push(item)
    this.#rise(item, this.#items.length - 1)
  }

  pop(): T | undefined {
    const top = this.#items[0]
    const last = this.#items.pop() as T
    if (this.#items.length > 0) this.#sink(last, 0)
    return top
  }

  /** Removes the items for which `isKept` returns false, in O(n). */
  retain(isKept: (item: T) => boolean): void {
    this.#items = this.#items.filter(isKept)
    for (let i = (this.#items.length >> 1) - 1; i >= 0; i--) this.#sink(this.#items[i] as T, i)
  }

  #rise(item: T, from: number): void {
    const items = this.#items
    let hole = from
    while (hole > 0) {
      const above = (hole - 1) >> 1
      const parent = items[above] as T
      if (!this.#before(item, parent)) break
      items[hole] = parent
      hole = above
    }
    items[hole] = item
  }

  #sink(item: T, from: number): void {
    const items = this.#items
    let hole = from
    for (let below = 2 * hole + 1; below < items.length; below = 2 * hole + 1) {
      if (below + 1 < items.length && this.#before(items[below + 1] as T, items[below] as T)) below++
      const child = items[below] as T
      if (!this.#before(child, item)) break
      items[hole] = child
      hole = below
    }
    items[hole] = item
  }
}
