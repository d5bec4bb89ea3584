import { Heap } from './heap.ts'

/** Something that is ordered by timestamp, then by arrival. */
export interface Timestamped {
  readonly timestamp: number
  readonly order: number
}

export function isBefore(a: Timestamped, b: Timestamped): boolean {
  return a.timestamp < b.timestamp || (a.timestamp === b.timestamp && a.order < b.order)
}

/**
 * A queue in the order of timestamps. An item that comes in that order costs O(1). Only one that is older than an item before
 * it goes through a heap.
 */
export class TimestampQueue<A extends Timestamped> {
  #inOrder: (A | undefined)[] = []
  #head = 0
  readonly #stragglers = new Heap<A>(isBefore)

  peek(): A | undefined {
    const first = this.#inOrder[this.#head]
    const straggler = this.#stragglers.peek()
    if (first === undefined || straggler === undefined) return first ?? straggler
    return isBefore(straggler, first) ? straggler : first
  }

  /** All items, in no order. */
  items(): readonly A[] {
    // `concat` copies the memory. A spread would take ten times as long, and all of it in the turn of a snapshot's cut.
    return (this.#inOrder.slice(this.#head) as A[]).concat(this.#stragglers.items())
  }

  push(item: A): void {
    const last = this.#inOrder[this.#inOrder.length - 1]
    if (last === undefined || this.#inOrder.length === this.#head || !isBefore(item, last))
      this.#inOrder.push(item)
    else this.#stragglers.push(item)
  }

  /** Removes the item that `peek` returns. */
  shift(): void {
    const first = this.#inOrder[this.#head]
    const straggler = this.#stragglers.peek()
    if (first === undefined || (straggler !== undefined && isBefore(straggler, first))) {
      this.#stragglers.pop()
      return
    }
    // It is kept alive by nobody, though the array still has its place.
    this.#inOrder[this.#head++] = undefined
    if (this.#head >= 64 && this.#head * 2 >= this.#inOrder.length) {
      this.#inOrder = this.#inOrder.slice(this.#head)
      this.#head = 0
    }
  }
}
