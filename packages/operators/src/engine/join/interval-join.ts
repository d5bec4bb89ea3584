import { loadItems, type StateReader, type StateWriter, saveItems } from '../../stage/operator-state.ts'
import type { Primitive } from '../keyed-state/key.ts'
import { ExpiryQueue, isBefore, type TimeOrdered } from './expiry-queue.ts'
import { TimeBuffer } from './time-buffer.ts'

export type JoinSide = 'left' | 'right'

/** An event that waits for events of the other side. */
export interface JoinEntry<E> extends TimeOrdered {
  readonly side: JoinSide
  readonly key: Primitive
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
  readonly #keys = new Map<Primitive, Buffers<L, R>>()
  readonly #left = new ExpiryQueue<JoinEntry<L>>()
  readonly #right = new ExpiryQueue<JoinEntry<R>>()
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

  /** Calls back with each event of the right side that matches a left one, in the order of time. */
  matchLeft(key: Primitive, timestamp: number, callback: (right: JoinEntry<R>) => void): void {
    const { before, after } = this.#range
    this.#keys.get(key)?.right?.visit(timestamp - before, timestamp + after, callback)
  }

  /** Calls back with each event of the left side that matches a right one, in the order of time. */
  matchRight(key: Primitive, timestamp: number, callback: (left: JoinEntry<L>) => void): void {
    const { before, after } = this.#range
    this.#keys.get(key)?.left?.visit(timestamp - after, timestamp + before, callback)
  }

  holdLeft(key: Primitive, timestamp: number, event: L, hasMatch: boolean): void {
    const order = this.#arrived++
    const matchedBy = hasMatch ? order : undefined
    const held: JoinEntry<L> = { side: 'left', key, timestamp, event, matchedBy, order }
    const buffers = this.#buffersOf(key)
    buffers.left ??= new TimeBuffer()
    buffers.left.add(held)
    this.#left.push(held)
    this.#held++
  }

  holdRight(key: Primitive, timestamp: number, event: R, hasMatch: boolean): void {
    const order = this.#arrived++
    const matchedBy = hasMatch ? order : undefined
    const held: JoinEntry<R> = { side: 'right', key, timestamp, event, matchedBy, order }
    const buffers = this.#buffersOf(key)
    buffers.right ??= new TimeBuffer()
    buffers.right.add(held)
    this.#right.push(held)
    this.#held++
  }

  /** A held event matches the one that will be held next. */
  match(held: JoinEntry<L> | JoinEntry<R>): void {
    if (!isMatched(held)) held.matchedBy = this.#arrived
  }

  /** The watermark above which the next event expires. Infinity: none is held. */
  nextExpiry(): number {
    return Math.min(this.#leftExpiry(), this.#rightExpiry())
  }

  /** Takes the next event that finds no match any more: everything that is still to come is at the watermark or later. */
  takeExpired(watermark: number): JoinEntry<L> | JoinEntry<R> | undefined {
    return this.nextExpiry() < watermark ? this.takeNext() : undefined
  }

  /** Takes the event that would expire next. */
  takeNext(): JoinEntry<L> | JoinEntry<R> | undefined {
    const [left, right] = [this.#left.peek(), this.#right.peek()]
    if (left === undefined && right === undefined) return undefined
    const [leftExpiry, rightExpiry] = [this.#leftExpiry(), this.#rightExpiry()]
    const isLeft =
      right === undefined ||
      (left !== undefined &&
        (leftExpiry < rightExpiry || (leftExpiry === rightExpiry && isBefore(left, right))))
    const taken = (isLeft ? left : right) as JoinEntry<L> | JoinEntry<R>
    const buffers = this.#keys.get(taken.key) as Buffers<L, R>
    if (isLeft) this.#left.shift()
    else this.#right.shift()
    // It is the first of its key and side: both orders are the same.
    buffers[taken.side]?.shift()
    if (isEmpty(buffers.left) && isEmpty(buffers.right)) this.#keys.delete(taken.key)
    this.#held--
    return taken
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
      writer.value(key)
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
      const key = reader.value<Primitive>()
      const timestamp = reader.number()
      this.#arrived = reader.number()
      const hasMatch = reader.value<boolean>()
      if (side === 'left') this.holdLeft(key, timestamp, reader.value<L>(), hasMatch)
      else this.holdRight(key, timestamp, reader.value<R>(), hasMatch)
    })
    this.#arrived = arrived
  }

  #leftExpiry(): number {
    return (this.#left.peek()?.timestamp ?? Number.POSITIVE_INFINITY) + this.#range.after
  }

  #rightExpiry(): number {
    return (this.#right.peek()?.timestamp ?? Number.POSITIVE_INFINITY) + this.#range.before
  }

  #buffersOf(key: Primitive): Buffers<L, R> {
    let buffers = this.#keys.get(key)
    if (buffers === undefined) {
      buffers = { left: undefined, right: undefined }
      this.#keys.set(key, buffers)
    }
    return buffers
  }
}

interface Buffers<L, R> {
  left: TimeBuffer<JoinEntry<L>> | undefined
  right: TimeBuffer<JoinEntry<R>> | undefined
}

function isEmpty(buffer: TimeBuffer<TimeOrdered> | undefined): boolean {
  return buffer === undefined || buffer.length === 0
}
