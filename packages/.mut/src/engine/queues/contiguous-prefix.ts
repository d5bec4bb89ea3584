/** One part of a sequence. `end` may change until the part is handled. */
export interface Part<T> {
  end: T
  isHandled: boolean
  /** The number of the stage that has the part, if there are several. */
  stage: number
  /** Parts that are handled with this one. */
  merged: Part<T>[] | undefined
  /** Called when the part is handled, if it is no part of a prefix. */
  readonly onHandled: (() => void) | undefined
}

/** Finds how far a sequence is handled without a gap if its parts are handled in any order. */
export class ContiguousPrefix<T> {
  /** The parts from the first one that is not handled. */
  readonly #parts: Part<T>[] = []

  add(end: T): Part<T> {
    const part: Part<T> = { end, isHandled: false, stage: 0, merged: undefined, onHandled: undefined }
    this.#parts.push(part)
    return part
  }

  /** Whether no part was added after this one, which can then be extended. */
  isNewest(part: Part<T>): boolean {
    return this.#parts.at(-1) === part
  }

  /** Forgets all parts. */
  clear(): void {
    this.#parts.length = 0
  }

  /** Marks a part as handled. Returns the new end of the prefix if it has moved. */
  settle(part: Part<T>): { readonly end: T } | undefined {
    part.isHandled = true
    const open = this.#parts.findIndex(({ isHandled }) => !isHandled)
    return this.#parts.splice(0, open === -1 ? this.#parts.length : open).at(-1)
  }
}
