import { loadItems, type StateReader, type StateWriter, saveItems } from '../../stage/operator-state.ts'
import type { Primitive } from '../keyed-state/key.ts'
import { isBefore, type Timestamped, TimestampQueue } from '../queues/timestamp-queue.ts'
import { TimeBuffer } from './time-buffer.ts'

export type JoinSide = 'left' | 'right'

/** An event that waits for events of the other side. */
export interface JoinEntry<E> extends Timestamped {
  readonly side: JoinSide
  readonly key: JoinKey<unknown, unknown>
  readonly event: E
  /** The order of the event that came when it had its first match: its own, or that of a later one. Undefined: it has none. */
  matchedBy: number | undefined
}

export function isMatched({ matchedBy }: JoinEntry<unknown>): boolean {
  return matchedBy !== undefined
}

/** How far the right event of a pair may be before the left one, and after it. Milliseconds, 0 or more. */
export interface JoinRange {
  readonly before: number
  readonly after: number
}

/**
 * Holds the events of two sides while they may find a match: an event of the other side with the same key, in the range. The
 * events of a key and side are in the order of time, and all events of a side are in a queue by the time at which they expire.
 */
export class IntervalJoin<L, R> {
  readonly #range: JoinRange
  readonly #keys = new Map<Primitive, JoinKey<L, R>>()
  readonly #left = new TimestampQueue<JoinEntry<L>>()
  readonly #right = new TimestampQueue<JoinEntry<R>>()
  #held = 0
  #arrived = 0

  constructor(range: JoinRange) {
    this.#range = range
  }

  get keys(): number {
    return this.#keys.size
  }

  /** The number of events that are held. */
  get held(): number {
    return this.#held
  }

  /** Identifies the missing key of the next event, which equals no other. */
  get missingKey(): Primitive {
    // No key is identified by a text that begins with NUL and a letter.
    return `\0none ${this.#arrived}`
  }

  /** The held events of a key. Undefined: there are none. */
  find(id: Primitive): JoinKey<L, R> | undefined {
    return this.#keys.get(id)
  }

  /** The events of the right side that match a left one, in the order of time. */
  matchLeft({ right }: JoinKey<L, R>, timestamp: number): readonly JoinEntry<R>[] {
    return right?.between(timestamp - this.#range.before, timestamp + this.#range.after) ?? NONE
  }

  /** The events of the left side that match a right one, in the order of time. */
  matchRight({ left }: JoinKey<L, R>, timestamp: number): readonly JoinEntry<L>[] {
    return left?.between(timestamp - this.#range.after, timestamp + this.#range.before) ?? NONE
  }

  /** Adds a key that `find` has not found. An event of it must be held next. */
  addKey(id: Primitive): JoinKey<L, R> {
    const key: JoinKey<L, R> = { id, left: undefined, right: undefined }
    this.#keys.set(id, key)
    return key
  }

  holdLeft(key: JoinKey<L, R>, timestamp: number, event: L, hasMatch: boolean): void {
    const order = this.#arrived++
    const matchedBy = hasMatch ? order : undefined
    const held: JoinEntry<L> = { side: 'left', key, timestamp, event, matchedBy, order }
    if (key.left === undefined) key.left = new TimeBuffer(held)
    else key.left.add(held)
    this.#left.push(held)
    this.#held++
  }

  holdRight(key: JoinKey<L, R>, timestamp: number, event: R, hasMatch: boolean): void {
    const order = this.#arrived++
    const matchedBy = hasMatch ? order : undefined
    const held: JoinEntry<R> = { side: 'right', key, timestamp, event, matchedBy, order }
    if (key.right === undefined) key.right = new TimeBuffer(held)
    else key.right.add(held)
    this.#right.push(held)
    this.#held++
  }

  /** A held event matches the one that will be held next. */
  match(held: JoinEntry<L> | JoinEntry<R>): void {
    if (!isMatched(held)) held.matchedBy = this.#arrived
  }

  /** The watermark above which the next event expires. Infinity: none is held. */
  nextExpiry(): number {
    const left = this.#left.peek()
    const right = this.#right.peek()
    return Math.min(
      left === undefined ? Number.POSITIVE_INFINITY : this.#expiryOf(left),
      right === undefined ? Number.POSITIVE_INFINITY : this.#expiryOf(right),
    )
  }

  /** Takes the next event that finds no match any more: everything that is still to come is at the watermark or later. */
  takeExpired(watermark: number): JoinEntry<L> | JoinEntry<R> | undefined {
    const next = this.#peek()
    return next !== undefined && this.#expiryOf(next) < watermark ? this.#take(next) : undefined
  }

  /** Takes the event that would expire next. */
  takeNext(): JoinEntry<L> | JoinEntry<R> | undefined {
    const next = this.#peek()
    return next && this.#take(next)
  }

  #peek(): JoinEntry<L> | JoinEntry<R> | undefined {
    const left = this.#left.peek()
    const right = this.#right.peek()
    if (left === undefined || right === undefined) return left ?? right
    const difference = this.#expiryOf(left) - this.#expiryOf(right)
    return difference < 0 || (difference === 0 && isBefore(left, right)) ? left : right
  }

  #expiryOf({ side, timestamp }: JoinEntry<unknown>): number {
    return timestamp + (side === 'left' ? this.#range.after : this.#range.before)
  }

  /** Takes what `#peek` has returned. */
  #take(entry: JoinEntry<L> | JoinEntry<R>): JoinEntry<L> | JoinEntry<R> {
    const { key, side } = entry
    if (side === 'left') this.#left.shift()
    else this.#right.shift()
    // It is the first of its key and side: both orders are the same.
    key[side]?.shift()
    if (isEmpty(key.left) && isEmpty(key.right)) this.#keys.delete(key.id)
    this.#held--
    return entry
  }

  /** Writes the events that are held now, and yields after each one. */
  *save(writer: StateWriter): Generator<void, void> {
    const arrived = this.#arrived
    writer.number(arrived)
    // Of what is held only the matches change later, and those by later events do not count.
    const events: (JoinEntry<L> | JoinEntry<R>)[] = []
    const held = events.concat(this.#left.items(), this.#right.items())
    yield* saveItems(writer, held, ({ side, key, timestamp, order, matchedBy, event }) => {
      writer.value(side)
      writer.value(key.id)
      writer.number(timestamp)
      writer.number(order)
      writer.value(matchedBy !== undefined && matchedBy < arrived)
      writer.value(event)
    })
  }

  /** Goes on from what `save` has written. */
  load(reader: StateReader): void {
    const arrived = reader.number()
    loadItems(reader, () => {
      const side = reader.value<JoinSide>()
      const id = reader.value<Primitive>()
      const key = this.#keys.get(id) ?? this.addKey(id)
      const timestamp = reader.number()
      this.#arrived = reader.number()
      const hasMatch = reader.value<boolean>()
      if (side === 'left') this.holdLeft(key, timestamp, reader.value<L>(), hasMatch)
      else this.holdRight(key, timestamp, reader.value<R>(), hasMatch)
    })
    this.#arrived = arrived
  }
}

const NONE: readonly never[] = []

/** The events of a key that are held. A buffer stays when it is empty, until both are. */
export interface JoinKey<L, R> {
  readonly id: Primitive
  left: TimeBuffer<JoinEntry<L>> | undefined
  right: TimeBuffer<JoinEntry<R>> | undefined
}

function isEmpty(buffer: TimeBuffer<Timestamped> | undefined): boolean {
  return buffer === undefined || buffer.length === 0
}
