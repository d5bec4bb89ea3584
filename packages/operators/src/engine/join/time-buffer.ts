import { isBefore, type Timestamped } from '../queues/timestamp-queue.ts'

/** Items in the order of time. Nearly all are added at the end and removed from the front, which is O(1). */
export class TimeBuffer<A extends Timestamped> {
  #items: (A | undefined)[]
  #head = 0

  // V8 makes room for one item in a literal, and for 17 at the first push. Most keys have one item.
  constructor(first: A) {
    this.#items = [first]
  }

  get length(): number {
    return this.#items.length - this.#head
  }

  add(item: A): void {
    const items = this.#items
    const last = items[items.length - 1]
    if (last === undefined || !isBefore(item, last)) items.push(item)
    else items.splice(Math.max(this.#lowerBound(item.timestamp, item.order), this.#head), 0, item)
  }

  /** The items from one time to another, both included, in the order of time. */
  between(from: number, to: number): readonly A[] {
    const items = this.#items
    // Nearly always all items are in the range.
    const oldest = items[this.#head]
    const first =
      oldest === undefined || oldest.timestamp >= from
        ? this.#head
        : this.#lowerBound(from, Number.NEGATIVE_INFINITY)
    let end = first
    for (let item = items[end]; item !== undefined && item.timestamp <= to; ) item = items[++end]
    // A slice has room for no more than that. An array that grows has room for 17 items after its first push.
    return end === first ? NONE : (items.slice(first, end) as A[])
  }

  /** Removes the first item. */
  shift(): void {
    // It is kept alive by nobody, though the array still has its place.
    this.#items[this.#head++] = undefined
    if (this.#head === this.#items.length) {
      this.#items.length = 0
      this.#head = 0
    } else if (this.#head >= 64 && this.#head * 2 >= this.#items.length) {
      this.#items = this.#items.slice(this.#head)
      this.#head = 0
    }
  }

  /** The position of the first item that is not before this time and order. */
  #lowerBound(timestamp: number, order: number): number {
    let low = this.#head
    let high = this.#items.length
    while (low < high) {
      const middle = (low + high) >>> 1
      const item = this.#items[middle] as A
      if (item.timestamp < timestamp || (item.timestamp === timestamp && item.order < order)) low = middle + 1
      else high = middle
    }
    return low
  }
}

const NONE: readonly never[] = []
