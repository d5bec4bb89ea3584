/** One part of a sequence. `end` may change until the part is handled. */
export interface Part<T> {
  end: T
  /** The number of the stage that has the part, if there are several. */
  stage: number
  /** Parts that are handled with this one. */
  merged: Part<T>[] | undefined
  /** Called when the part is handled, if it is no part of a prefix. */
  readonly onHandled: (() => void) | undefined
  /** What the part is one of: nothing is handled past a part of the same sequence with a lower rank. */
  readonly sequence: object
  readonly rank: number
}

/**
 * Finds how far a sequence is handled without a gap if its parts are handled in any order. It keeps the parts that are not handled,
 * and of all that follow one of them without a gap only the last end.
 */
export class ContiguousPrefix<T> {
  #first: OpenPart<T> | undefined
  #last: OpenPart<T> | undefined
  /** The part that was added last, handled or not. */
  #newest: Part<T> | undefined
  #added = 0

  add(end: T): Part<T> {
    const part: OpenPart<T> = {
      end,
      stage: 0,
      merged: undefined,
      onHandled: undefined,
      sequence: this,
      rank: this.#added++,
      isOpen: true,
      before: this.#last,
      after: undefined,
      handled: undefined,
    }
    if (this.#last === undefined) this.#first = part
    else this.#last.after = part
    this.#last = part
    this.#newest = part
    return part
  }

  /** Whether no part was added after this one, which can then be extended. */
  isNewest(part: Part<T>): boolean {
    return this.#newest === part
  }

  /** Forgets all parts. */
  clear(): void {
    this.#first = this.#last = this.#newest = undefined
  }

  /** Marks a part as handled. Returns the new end of the prefix if it has moved. */
  settle(part: Part<T>): { readonly end: T } | undefined {
    // Only parts that `add` has created are settled here.
    const settled = part as OpenPart<T>
    if (!settled.isOpen) return undefined
    const { before, after, handled = settled } = settled
    settled.isOpen = false
    settled.before = settled.after = undefined
    if (after !== undefined) after.before = before
    else if (this.#last === settled) this.#last = before
    if (before !== undefined) {
      before.after = after
      before.handled = handled
      return undefined
    }
    // A part that was forgotten is not the first one.
    if (this.#first !== settled) return undefined
    this.#first = after
    return handled
  }
}

interface OpenPart<T> extends Part<T> {
  isOpen: boolean
  before: OpenPart<T> | undefined
  after: OpenPart<T> | undefined
  /** The end of the handled parts that follow this one without a gap. */
  handled: { readonly end: T } | undefined
}
