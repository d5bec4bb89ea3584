/** What a {@link LinkedList} links. */
export interface Linked<E> {
  before: E | undefined
  after: E | undefined
}

/**
 * Entries in an order that changes at any place in constant time. A `Map` keeps the order of insertion too, but the search for
 * its first key visits every key that was deleted since the map last made room: to evict the oldest of 10,000 keys with each
 * event takes thousands of steps.
 */
export class LinkedList<E extends Linked<E>> {
  #first: E | undefined
  #last: E | undefined

  get first(): E | undefined {
    return this.#first
  }

  /** Adds an entry that is in no list, as the last one. */
  push(entry: E): void {
    entry.before = this.#last
    if (this.#last === undefined) this.#first = entry
    else this.#last.after = entry
    this.#last = entry
  }

  /** Deletes an entry of this list. */
  delete(entry: E): void {
    const { before, after } = entry
    if (before === undefined) this.#first = after
    else before.after = after
    if (after === undefined) this.#last = before
    else after.before = before
    entry.before = entry.after = undefined
  }

  /** Makes an entry of this list the last one. */
  moveToEnd(entry: E): void {
    if (entry === this.#last) return
    this.delete(entry)
    this.push(entry)
  }
}
