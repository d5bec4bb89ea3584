import type { StateReader, StateWriter } from '../../stage/operator-state.ts'
import type { AggregateRow } from '../aggregates/aggregate-row.ts'
import type { Slot } from '../aggregates/cells.ts'
import { loadByNumber, SortedDeque, saveByNumber } from '../queues/sorted-deque.ts'
import { nextAfter } from '../sessions/next-after.ts'
import { TwoStacks } from '../slices/two-stacks.ts'

export interface KeyEventsOptions<R> {
  /** How long a window is: `(timestamp - size, timestamp]`. */
  readonly size: number
  readonly allowedLateness: number
  readonly row: Omit<AggregateRow<never, R>, 'read'>
}

/**
 * The events of one key, in the order of time: first those whose windows have fired, then those that wait for the watermark.
 * Each event has an accumulator of its own. Two stacks fold those of the last window, in O(1) merges an event, amortised.
 */
export class KeyEvents<R> {
  readonly #options: KeyEventsOptions<R>
  readonly #events = new SortedDeque<Slot>()
  readonly #stacks: TwoStacks
  /** How many events, from the first one, have fired. */
  #fired = 0
  /** A late event came to a place that is in the stacks, so they must be built again. */
  #isStale = false
  /** The timestamp of the newest event that has fired, and how many results it has had. */
  #newest = Number.NaN
  #results = 0
  /** How many results each timestamp has had. Undefined if only the newest can have more than one. */
  #revisions: SortedDeque<number> | undefined
  /** Events before this time have fired, though the watermark has not reached it. */
  keptTo: number = Number.NEGATIVE_INFINITY

  constructor(options: KeyEventsOptions<R>) {
    this.#options = options
    this.#stacks = new TwoStacks(options.row)
    this.#revisions = options.allowedLateness > 0 ? new SortedDeque() : undefined
  }

  /** The timestamp of the next event to fire. NaN: none waits. */
  get next(): number {
    return this.#events.numberAt(this.#fired)
  }

  /** The watermark from which on no window contains an event of this key. NaN: there is no event. */
  get expiresAt(): number {
    const { size, allowedLateness } = this.#options
    return this.#events.numberAt(this.#events.length - 1) + size + allowedLateness
  }

  /** All windows will fire before their time, and take events after that. */
  keep(): void {
    const newest = this.#events.numberAt(this.#events.length - 1)
    if (newest > this.keptTo) this.keptTo = newest
    if (this.#revisions !== undefined) return
    this.#revisions = new SortedDeque()
    if (this.#results > 0) this.#revisions.set(this.#newest, this.#results)
  }

  /** Adds the event that the row has read, which is not late. */
  add(timestamp: number): void {
    this.#insert(timestamp)
  }

  /** Fires the next event. Returns the result of its window. */
  fire(): R {
    const timestamp = this.next
    const first = nextAfter(timestamp - this.#options.size)
    const stacks = this.#stacks
    if (this.#isStale) this.#rebuild(first)
    else stacks.evictBefore(first)
    stacks.push(timestamp, this.#events.valueAt(this.#fired))
    this.#fired++
    return this.#takeResult(first, stacks)
  }

  /**
   * Adds the event that the row has read, which is late: fires its window, and again those of later events that contain it.
   * The caller has evicted no event of these windows.
   */
  addLate(timestamp: number, visit: (timestamp: number, result: R) => void): void {
    const events = this.#events
    let position = this.#insert(timestamp)
    this.#fired++
    this.#isStale = true
    const { row, size } = this.#options
    const stacks = new TwoStacks(row)
    let pushed = events.lowerBound(nextAfter(timestamp - size))
    for (; position < this.#fired; position++) {
      const end = events.numberAt(position)
      if (end - size >= timestamp) break
      // Of simultaneous events the last one has the result that stands.
      if (events.numberAt(position + 1) === end && position + 1 < this.#fired) continue
      const first = nextAfter(end - size)
      stacks.evictBefore(first)
      for (; pushed <= position; pushed++) stacks.push(events.numberAt(pushed), events.valueAt(pushed))
      visit(end, this.#takeResult(first, stacks))
    }
    stacks.clear()
  }

  /** The revision of the next result for a timestamp. */
  takeRevision(timestamp: number): number {
    if (this.#revisions !== undefined) {
      const revision = this.#revisions.get(timestamp) ?? 0
      this.#revisions.set(timestamp, revision + 1)
      return revision
    }
    if (timestamp !== this.#newest) {
      this.#newest = timestamp
      this.#results = 0
    }
    return this.#results++
  }

  /** Evicts the events that are in no window of an event from `timestamp` on, which nothing older will come before. */
  evictFor(timestamp: number): void {
    this.#evictBefore(nextAfter(timestamp - this.#options.size))
    while (this.#revisions !== undefined && this.#revisions.numberAt(0) < timestamp) this.#revisions.shift()
  }

  /** Evicts every event. */
  clear(): void {
    this.#stacks.clear()
    this.#isStale = true
    this.#evictBefore(Number.POSITIVE_INFINITY)
  }

  save(writer: StateWriter): void {
    const { row } = this.#options
    saveByNumber(this.#events, writer, (slot) => row.save(slot, writer))
    for (const number of [this.#fired, this.#newest, this.#results, this.keptTo]) writer.number(number)
    saveByNumber(this.#revisions, writer, (results) => writer.number(results))
    writer.value(this.#isStale)
    if (!this.#isStale) this.#stacks.save(writer)
  }

  load(reader: StateReader): void {
    const { row } = this.#options
    loadByNumber(reader, (timestamp) => this.#events.insert(timestamp, row.load(reader)))
    this.#fired = reader.number()
    this.#newest = reader.number()
    this.#results = reader.number()
    this.keptTo = reader.number()
    loadByNumber(reader, (timestamp) => {
      this.#revisions ??= new SortedDeque()
      this.#revisions.set(timestamp, reader.number())
    })
    this.#isStale = reader.value()
    if (!this.#isStale) this.#stacks.load(reader, this.#events, this.#fired)
  }

  #insert(timestamp: number): number {
    const slot = this.#options.row.create()
    this.#options.row.add(slot)
    return this.#events.insert(timestamp, slot)
  }

  #rebuild(first: number): void {
    this.#stacks.clear()
    this.#isStale = false
    for (let i = this.#events.lowerBound(first); i < this.#fired; i++) {
      this.#stacks.push(this.#events.numberAt(i), this.#events.valueAt(i))
    }
  }

  #takeResult(first: number, stacks: TwoStacks): R {
    const { row } = this.#options
    // A window contains at least the event that it ends with.
    const fold = stacks.foldUpTo(first) as Slot
    const result = row.result(fold)
    row.release(fold)
    return result
  }

  #evictBefore(number: number): void {
    const events = this.#events
    if (!(events.numberAt(0) < number)) return
    // The stacks use the accumulators of the newer events. Stale ones are built again before they are used.
    if (!this.#isStale) this.#stacks.evictBefore(number)
    while (events.numberAt(0) < number) {
      this.#options.row.release(events.valueAt(0))
      events.shift()
      if (this.#fired > 0) this.#fired--
    }
  }
}
