/**
 * A first-in, first-out queue. `Array.prototype.shift` moves all elements of a large array, so that emptying one would take
 * quadratic time. This takes O(1) an item, amortised, and keeps no item that was taken.
 */
export class Queue<A> {
  #items: (A | undefined)[] = []
  #head = 0

  get length(): number {
    return this.#items.length - this.#head
  }

  get first(): A | undefined {
    return this.#items[this.#head]
  }

  get last(): A | undefined {
    return this.#items.at(-1)
  }

  push(item: A): void {
    this.#items.push(item)
  }

  /** Removes the first item. Undefined: there is none. */
  shift(): A | undefined {
    const item = this.#items[this.#head]
    if (this.#head === this.#items.length) return undefined
    // The only item of many queues. `pop` keeps the array's memory for the next one, and `length = 0` does not.
    if (this.#items.length === 1) return this.#items.pop()
    this.#items[this.#head++] = undefined
    if (this.#head === this.#items.length) this.clear()
    else if (this.#head >= 64 && this.#head * 2 >= this.#items.length) {
      this.#items = this.#items.slice(this.#head)
      this.#head = 0
    }
    return item
  }

  clear(): void {
    this.#items = []
    this.#head = 0
  }

  toArray(): A[] {
    // No item behind the head was taken.
    return this.#items.slice(this.#head) as A[]
  }
}
