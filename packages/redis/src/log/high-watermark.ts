import { parsePlace } from './entry.ts'

/** The highest offsets this process knows to have been given: by them, Redis having gone back is told. */
export class Horizon {
  #offset = 0
  #entry = 0

  /** As the scripts take it: of anything, and of an entry. */
  toString(): string {
    return `${this.#offset} ${this.#entry}`
  }

  /** A place that an entry has, or the beginning of a term, which is number 0 in it. */
  raise(place: string, offset: number): void {
    if (offset > this.#offset) this.#offset = offset
    if (offset > this.#entry && parsePlace(place).number > 0) this.#entry = offset
  }
}
