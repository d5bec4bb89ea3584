/** Writes an operator's state, value by value. A {@link StateReader} reads the values in the same order. */
export interface StateWriter {
  /** Any number. A small whole one takes one byte. */
  number(value: number): void
  /**
   * Anything that `structuredClone` copies without loss: primitives, plain objects, arrays, `Date`, `Map`, `Set`, typed
   * arrays. Throws a `TypeError` for functions, instances of classes and cycles.
   */
  value(value: unknown): void
}

/** Reads what a {@link StateWriter} has written. */
export interface StateReader {
  number(): number
  /** The caller knows the type from what it has written. */
  value<T>(): T
}

/** Writes the number of items and each of them, and yields before each one. They must not change meanwhile. */
export function* saveItems<I>(
  writer: StateWriter,
  items: readonly I[],
  save: (item: I) => void,
): Generator<void, void> {
  writer.number(items.length)
  for (const item of items) {
    yield
    save(item)
  }
}

/** Calls back for each item that {@link saveItems} has written. */
export function loadItems(reader: StateReader, load: () => void): void {
  for (let left = reader.number(); left > 0; left--) load()
}

/**
 * The state of one subscription to an operator, as a job saves and restores it. A handler that has one can be a stage of
 * a job.
 */
export interface OperatorState {
  /**
   * The options that the state depends on, by name. They are saved with the state and compared when it is restored. A
   * difference is an error that names the option, so leave out what may change, such as a limit.
   */
  readonly shape: Readonly<Record<string, unknown>>
  /**
   * Whether results depend on a clock or a timer too. If they depend on the events and their order alone, the same
   * events give the same results again. Otherwise a job delivers a result only when a snapshot has saved its cause.
   */
  readonly usesClock: boolean
  /**
   * Writes the state as it is now. What comes before the first `yield` is written at once, between two events. A large
   * state yields between two records. Then the operator handles other events, so it must write a record before it
   * changes it. `KeyedState.save` does all of that.
   */
  save(writer: StateWriter): Generator<void, void>
  /** Writes what a state may consist of, so that a job finds out at its start if that cannot be saved. */
  sample?(writer: StateWriter): void
  /** Restores the state and sets its timers. Called before the first event, or not at all. Emits nothing. */
  restore(reader: StateReader): void
}

/**
 * What a job does about an operator's state. `'drained'`: the operator holds events only until they are handled
 * (`counts.buffered`), so the job waits until it holds none. Undefined: the operator cannot be a stage of a job.
 */
export type Durability = OperatorState | 'drained' | undefined
