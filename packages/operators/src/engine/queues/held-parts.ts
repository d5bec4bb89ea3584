import type { Part } from './contiguous-prefix.ts'

/**
 * Parts that are held until the same moment. Of the parts of one sequence it keeps the first one: nothing is saved past that.
 * Parts do not come in the order of their sequence if an operator above has changed it.
 */
export class HeldParts<T> {
  readonly #parts: Part<T>[]

  constructor(part: Part<T>) {
    this.#parts = [part]
  }

  /** Returns the part that another one stands for, which may be settled. */
  add(part: Part<T>): Part<T> | undefined {
    const index = this.#parts.findIndex(({ sequence }) => sequence === part.sequence)
    const first = this.#parts[index]
    if (first === undefined) {
      this.#parts.push(part)
      return undefined
    }
    if (first.rank < part.rank) return part
    this.#parts[index] = part
    return first
  }

  [Symbol.iterator](): Iterator<Part<T>> {
    return this.#parts.values()
  }
}
