/** One bucket's state: the theoretical arrival time, in clock units (milliseconds times tokens). */
export interface Bucket {
  tat: number
}

/**
 * The generic cell rate algorithm: a token bucket kept as one number, the moment by which all that was taken is paid
 * for. What it lets through within any time t costs at most `burst + t * tokens / interval`.
 */
export class Gcra {
  readonly #tokens: number
  readonly #interval: number
  readonly #burst: number
  #wall = Number.NaN
  #elapsed = 0

  /** `tokens` come back every `interval` milliseconds; at most `burst` of them pile up. */
  constructor(options: { readonly tokens: number; readonly interval: number; readonly burst: number }) {
    this.#tokens = options.tokens
    this.#interval = options.interval
    this.#burst = options.burst
  }

  /**
   * Reads the wall clock: milliseconds of this limiter's own time, which starts at 0. It stands still where the wall
   * clock is set back, which would otherwise close the bucket for as long.
   */
  elapse(wall: number): number {
    const gone = wall - this.#wall
    // A timer may ring before the clock reads the time it was set for. That time has been counted, and is not counted twice.
    if (gone < 0 && gone >= -COARSEST_CLOCK) return this.#elapsed
    if (gone > 0) this.#elapsed += gone
    this.#wall = wall
    return this.#elapsed
  }

  bucket(): Bucket {
    return { tat: 0 }
  }

  /** Whole milliseconds from `now` until `cost` may be taken; 0 where it may be at once. */
  wait(bucket: Bucket, cost: number, now: number): number {
    // Time in units of a millisecond over `tokens`: whole numbers stay whole, so no rounding lets an event too many through.
    const early = bucket.tat + (cost - this.#burst) * this.#interval - now * this.#tokens
    return early <= 0 ? 0 : Math.max(1, Math.ceil(early / this.#tokens))
  }

  take(bucket: Bucket, cost: number, now: number): void {
    bucket.tat = Math.max(bucket.tat, now * this.#tokens) + cost * this.#interval
  }

  /** A bucket that is full again is like a new one. */
  isFull(bucket: Bucket, now: number): boolean {
    return bucket.tat <= now * this.#tokens
  }
}

/** Milliseconds a clock may be behind its own timers: 1 in Node, 100 in browsers that blur it against fingerprinting. */
const COARSEST_CLOCK = 100
