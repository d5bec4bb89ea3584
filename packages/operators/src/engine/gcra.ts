/** One key's state. */
export interface Bucket {
  /** The theoretical arrival time, in milliseconds times `tokens`. A sliding log: when its last event expires. */
  tat: number
  /** What a sliding log has let through in the last interval. */
  readonly log?: PassedLog
}

/** A queue of what has passed, oldest first, and the sum of its costs. */
export interface PassedLog {
  entries: { readonly at: number; cost: number }[]
  /** How many entries, from the first one, have expired. */
  expired: number
  used: number
}

/** Says when events may pass. Times are milliseconds from 0 on. */
export interface Limiter {
  bucket(): Bucket
  /** Whole milliseconds from `now` until `cost` may be taken. 0: at once. */
  wait(bucket: Bucket, cost: number, now: number): number
  take(bucket: Bucket, cost: number, now: number): void
  /** Whether the bucket is full, like a new one. */
  isFull(bucket: Bucket, now: number): boolean
  /** A copy, as it would be if everything had happened so many milliseconds later. */
  shift(bucket: Bucket, milliseconds: number): Bucket
}

/**
 * The generic cell rate algorithm (GCRA): a token bucket as one number, the time at which it is full again.
 * Within any time t it lets through events of at most `burst + t * tokens / interval` tokens.
 */
export class Gcra implements Limiter {
  readonly #tokens: number
  readonly #interval: number
  readonly #burst: number

  /** `tokens` are added every `interval` milliseconds. A bucket holds at most `burst`. */
  constructor(options: { readonly tokens: number; readonly interval: number; readonly burst: number }) {
    this.#tokens = options.tokens
    this.#interval = options.interval
    this.#burst = options.burst
  }

  bucket(): Bucket {
    return { tat: 0 }
  }

  wait(bucket: Bucket, cost: number, now: number): number {
    // In milliseconds times `tokens`, whole numbers stay whole, so rounding never lets one event too many pass.
    const early = bucket.tat + (cost - this.#burst) * this.#interval - now * this.#tokens
    return early <= 0 ? 0 : Math.max(1, Math.ceil(early / this.#tokens))
  }

  take(bucket: Bucket, cost: number, now: number): void {
    bucket.tat = Math.max(bucket.tat, now * this.#tokens) + cost * this.#interval
  }

  isFull(bucket: Bucket, now: number): boolean {
    return bucket.tat <= now * this.#tokens
  }

  shift({ tat }: Bucket, milliseconds: number): Bucket {
    return { tat: tat + milliseconds * this.#tokens }
  }
}
