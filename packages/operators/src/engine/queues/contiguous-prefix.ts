/**
 * How far a sequence has been handled without a gap, where its parts are handled in any order. Holds what has arrived
 * since the first part that is not handled.
 */
export class ContiguousPrefix<T> {
  readonly #parts: Part<T>[] = []
  /** The number of the first part that is held. */
  #first = 0

  /** A part has arrived that ends with `end`; the answer is its number. */
  arrived(end: T): number {
    this.#parts.push({ end, handled: false })
    return this.#first + this.#parts.length - 1
  }

  /** The part has grown, and ends with `end` now. */
  extend(number: number, end: T): void {
    this.#part(number).end = end
  }

  /** The part has been handled. Answers the new end of the prefix, where that has moved. */
  handled(number: number): { readonly end: T } | undefined {
    this.#part(number).handled = true
    let moved: { readonly end: T } | undefined
    let done = 0
    for (const { end, handled } of this.#parts) {
      if (!handled) break
      moved = { end }
      done++
    }
    this.#parts.splice(0, done)
    this.#first += done
    return moved
  }

  /** One that has not been handled yet, so it is held. */
  #part(number: number): Part<T> {
    return this.#parts[number - this.#first] as Part<T>
  }
}

interface Part<T> {
  end: T
  handled: boolean
}
