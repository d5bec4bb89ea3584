import type { Bucket, Limiter } from '../engine/gcra.ts'
import type { Primitive } from '../engine/keyed-state/key.ts'
import type { Part } from '../engine/queues/contiguous-prefix.ts'
import type { Scheduled } from '../engine/queues/timer-queue.ts'
import { loadItems, type StateReader, type StateWriter, saveItems } from '../stage/operator-state.ts'

/** The buckets of all keys. A full bucket is like a new one, so idle keys are deleted without a timer. */
export class KeyBuckets<T> {
  readonly #limiter: Limiter
  readonly #buckets = new Map<Primitive, KeyBucket<T>>()
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
    if (found !== undefined) return found
    if (this.#buckets.size >= this.#sweepAt) this.#sweep(now)
    const entry: KeyBucket<T> = {
      bucket: this.#limiter.bucket(),
      waiting: [],
      at: Number.POSITIVE_INFINITY,
      order: this.#created++,
    }
    this.#buckets.set(id, entry)
    return entry
  }

  /** Writes the buckets as they are now, with times from `now` on, and yields between two of them. */
  *save(writer: StateWriter, now: number): Generator<void, void> {
    const copies = [...this.#buckets].map(([id, { bucket, waiting, order }]) => ({
      id,
      bucket: this.#limiter.shift(bucket, -now),
      waiting: waiting.slice(),
      order,
    }))
    yield* saveItems(writer, copies, (copy) => writer.value(copy))
  }

  /** Reads what `save` has written. `now` is the time at which it was written. */
  load(reader: StateReader, now: number): Iterable<KeyBucket<T>> {
    loadItems(reader, () => {
      const { id, bucket, waiting, order } = reader.value<KeyBucket<T> & { readonly id: Primitive }>()
      this.#buckets.set(id, {
        bucket: this.#limiter.shift(bucket, now),
        waiting,
        at: Number.POSITIVE_INFINITY,
        order,
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
export interface KeyBucket<T> extends Scheduled {
  readonly bucket: Bucket
  readonly waiting: Waiting<T>[]
}

export interface Waiting<T> {
  readonly event: T
  /** The event as `commit` follows it. */
  readonly part: Part<string> | undefined
  readonly cost: number
}
