import { parseLogId } from './entry.ts'

/** The highest offsets that this process knows. If Redis has less, it went back: it lost data. */
export class HighWatermark {
  #offset = 0
  #entryOffset = 0

  /** Takes in a position: that of an entry, or the beginning of a term, whose id has the number 0. */
  raise(logId: string, offset: number): void {
    if (offset > this.#offset) this.#offset = offset
    if (offset > this.#entryOffset && parseLogId(logId).number > 0) this.#entryOffset = offset
  }

  /** The argument of the scripts: the highest offset of any position, then the highest of an entry. */
  toString(): string {
    return `${this.#offset} ${this.#entryOffset}`
  }
}
