import { loadItems, type StateReader, type StateWriter } from '../../stage/operator-state.ts'

/** What may be in a copy. */
export interface CopiedEntry {
  /** The last copy that the entry is in or came after. */
  copy: number
}

/**
 * Copies the entries of a state as they are at one moment, in many turns of the event loop: an entry that is not copied yet is
 * written before it changes. So no turn is long, however many entries there are. One copy is made at a time.
 */
export class EntryCopies<E extends CopiedEntry> {
  #write: ((entry: E) => void) | undefined
  /** The number of copies so far. A new entry has it as its `copy`: it comes after them. */
  count = 0

  /** Whether a copy is being made. */
  get isCopying(): boolean {
    return this.#write !== undefined
  }

  /** Call it before an entry changes or is deleted. */
  willChange(entry: E): void {
    if (this.#write !== undefined) this.#write(entry)
  }

  /**
   * Writes the number of entries and each of them as it is now, in any order, and yields after each one. Throws if one could not
   * be written, also one that was written before it changed.
   */
  *save(
    writer: StateWriter,
    entries: ReadonlyMap<unknown, E>,
    write: (entry: E) => void,
  ): Generator<void, void> {
    const copy = ++this.count
    let left = entries.size
    let failure: { readonly error: unknown } | undefined
    writer.number(left)
    const writeOnce = (entry: E) => {
      if (entry.copy === copy) return
      entry.copy = copy
      left--
      try {
        write(entry)
      } catch (error) {
        // An error of the copy, not of the event that is about to change the entry.
        failure ??= { error }
      }
    }
    this.#write = writeOnce
    try {
      for (const entry of left === 0 ? [] : entries.values()) {
        writeOnce(entry)
        if (left === 0 || failure !== undefined) break
        yield
      }
    } finally {
      this.#write = undefined
    }
    if (failure !== undefined) throw failure.error
  }
}

/** Loads the entries that a copy has written. Returns them in the order in which they were created. */
export function loadEntries<E extends { readonly order: number }>(reader: StateReader, load: () => E): E[] {
  const entries: E[] = []
  loadItems(reader, () => entries.push(load()))
  return entries.sort((a, b) => a.order - b.order)
}
