/**
 * How far a sequence has been handled without a gap, where its parts are handled in any order. Holds what has arrived
 * since the first part that is not handled.
 */
export class ContiguousPrefix<T> {
  #parts: { end: T; handled: boolean }[] = []
  /** The number of the first part that is held. */
  #first = 0

  /** A part has arrived that ends with `end`; the answer is its number. */
  arrived(end: T): number {
    this.#parts.push({ end, handled: false })
    return this.#first + this.#parts.length - 1
  }

  /** The part has grown, and ends with `end` now. */
  extend(number: number, end: T): void {
    const part = this.#parts[number - this.#first]
    if (part !== undefined) part.end = end
  }

  /** The part has been handled. Answers the new end of the prefix, where that has moved. */
  handled(number: number): { readonly end: T } | undefined {
    const part = this.#parts[number - this.#first]
    if (part !== undefined) part.handled = true
    let moved: { readonly end: T } | undefined
    let done = 0
    for (const { end, handled } of this.#parts) {
      if (!handled) break
      moved = { end }
      done++
    }
    if (done > 0) {
      this.#parts.splice(0, done)
      this.#first += done
    }
    return moved
  }
}
