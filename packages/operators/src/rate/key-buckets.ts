import type { Bucket, Limiter } from '../engine/gcra.ts'
import { type CopiedEntry, EntryCopies } from '../engine/keyed-state/entry-copies.ts'
import type { Primitive } from '../engine/keyed-state/key.ts'
import type { Part } from '../engine/queues/contiguous-prefix.ts'
import { Queue } from '../engine/queues/queue.ts'
import type { Scheduled } from '../engine/queues/timer-queue.ts'
import { loadItems, type StateReader, type StateWriter } from '../stage/operator-state.ts'

/**
 * The buckets of all keys. A full bucket is like a new one, so idle keys are deleted without a timer.
 *
 * A copy of all buckets (`save`) takes many turns. `at` copies a bucket that is not copied yet, because it may change. Call
 * `willChange` before a change of a bucket from elsewhere.
 */
export class KeyBuckets<T> {
  readonly #limiter: Limiter
  readonly #buckets = new Map<Primitive, KeyBucket<T>>()
  readonly #copies = new EntryCopies<KeyBucket<T>>()
  #sweepAt = 64
  #created = 0

  constructor(limiter: Limiter) {
    this.#limiter = limiter
  }

  get size(): number {
    return this.#buckets.size
  }

  at(id: Primitive, now: number): KeyBucket<T> {
    const found = this.#buckets.get(id)
    if (found !== undefined) {
      this.#copies.willChange(found)
      return found
    }
    // A sweep would have to copy all that it deletes in one turn.
    if (this.#buckets.size >= this.#sweepAt && !this.#copies.isCopying) this.#sweep(now)
    const entry: KeyBucket<T> = {
      id,
      bucket: this.#limiter.bucket(),
      waiting: new Queue(),
      at: Number.POSITIVE_INFINITY,
      order: this.#created++,
      copy: this.#copies.count,
    }
    this.#buckets.set(id, entry)
    return entry
  }

  willChange(entry: KeyBucket<T>): void {
    this.#copies.willChange(entry)
  }

  /** Writes the buckets as they are now, with times from `now` on, and yields after each of them. */
  *save(writer: StateWriter, now: number): Generator<void, void> {
    yield* this.#copies.save(writer, this.#buckets, ({ id, bucket, waiting, order }) => {
      const saved: SavedBucket<T> = {
        id,
        bucket: this.#limiter.shift(bucket, -now),
        waiting: waiting.toArray(),
        order,
      }
      writer.value(saved)
    })
  }

  /** Reads what `save` has written. `now` is the time at which it was written. */
  load(reader: StateReader, now: number): Iterable<KeyBucket<T>> {
    loadItems(reader, () => {
      const { id, bucket, waiting, order } = reader.value<SavedBucket<T>>()
      const queue = new Queue<Waiting<T>>()
      for (const each of waiting) queue.push(each)
      this.#buckets.set(id, {
        id,
        bucket: this.#limiter.shift(bucket, now),
        waiting: queue,
        at: Number.POSITIVE_INFINITY,
        order,
        copy: 0,
      })
      this.#created = Math.max(this.#created, order + 1)
    })
    return this.#buckets.values()
  }

  /** Runs each time the number of keys has doubled, so that it costs O(1) a key. */
  #sweep(now: number): void {
    for (const [id, { waiting, bucket }] of this.#buckets) {
      if (waiting.length === 0 && this.#limiter.isFull(bucket, now)) this.#buckets.delete(id)
    }
    this.#sweepAt = Math.max(64, this.#buckets.size * 2)
  }
}

/** One key's bucket, and the events that wait for it. */
export interface KeyBucket<T> extends Scheduled, CopiedEntry {
  readonly id: Primitive
  readonly bucket: Bucket
  readonly waiting: Queue<Waiting<T>>
}

interface SavedBucket<T> extends Pick<KeyBucket<T>, 'id' | 'bucket' | 'order'> {
  readonly waiting: readonly Waiting<T>[]
}

export interface Waiting<T> {
  readonly event: T
  /** The event as `commit` follows it. */
  readonly part: Part<string> | undefined
  readonly cost: number
}
