import type { Entry, Position } from './protocol.ts'

/** How much of the stream a tab keeps for tabs that are behind it. */
export interface HistoryLimits {
  readonly entries: number
  /** Characters of all data. */
  readonly size: number
}

/** The last steps of the stream, so that a tab that is a little behind needs no connection to catch up. */
export class History {
  readonly #limits: HistoryLimits
  /** The position before the first entry. */
  #start: Position
  readonly #entries: Entry[] = []
  #size = 0

  constructor(start: Position, limits: HistoryLimits) {
    this.#start = start
    this.#limits = limits
  }

  add(entry: Entry): void {
    this.#entries.push(entry)
    this.#size += sizeOf(entry)
    while (this.#entries.length > this.#limits.entries || this.#size > this.#limits.size) {
      const first = this.#entries.shift() as Entry
      this.#start = first.at
      this.#size -= sizeOf(first)
    }
  }

  /** The entries after a position. Undefined if it is not known where that is. */
  after({ id, term, count }: Position): readonly Entry[] | undefined {
    let set = -1
    for (let i = this.#entries.length; i >= 0; i--) {
      const at = this.#at(i)
      if (at.id !== id) continue
      // A tab may have read on after another one took over. Without an ID, it cannot know what both have.
      const isPlace = id === '' ? at.count === count : at.count <= count
      if (at.term === term && isPlace) return this.#entries.slice(i)
      // A server resumes after the step that set the ID, so events of another connection without an ID are new.
      if (set < 0 && id !== '' && at.count === 0) set = i
    }
    return set < 0 ? undefined : this.#entries.slice(set)
  }

  /** The IDs from the last time that `id` was set. Undefined if it is not known. */
  idsFrom(id: string): Set<string> | undefined {
    for (let i = this.#entries.length; i >= 0 && id !== ''; i--) {
      if (this.#at(i).id === id) return new Set([id, ...this.#entries.slice(i).map(({ at }) => at.id)])
    }
    return undefined
  }

  #at(index: number): Position {
    return this.#entries[index - 1]?.at ?? this.#start
  }
}

function sizeOf({ at, event }: Entry): number {
  return at.id.length + (event ? event.data.length : 0)
}
