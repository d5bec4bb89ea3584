import type { Bucket, Limiter } from './gcra.ts'

/** Lets events of at most `tokens` through in any `[t, t + interval)`. Remembers each event of the last interval. */
export class SlidingLog implements Limiter {
  readonly #tokens: number
  readonly #interval: number

  constructor({ tokens, interval }: { readonly tokens: number; readonly interval: number }) {
    this.#tokens = tokens
    this.#interval = interval
  }

  bucket(): Bucket {
    return { tat: 0, passed: [] }
  }

  wait({ passed = [] }: Bucket, cost: number, now: number): number {
    const expired = passed.findIndex(({ at }) => at + this.#interval > now)
    passed.splice(0, expired === -1 ? passed.length : expired)
    let used = passed.reduce((sum, entry) => sum + entry.cost, 0)
    if (used + cost <= this.#tokens) return 0
    for (const entry of passed) {
      used -= entry.cost
      if (used + cost <= this.#tokens) return Math.max(1, Math.ceil(entry.at + this.#interval - now))
    }
    // The sums of fractions may leave a rest that is no event's.
    return this.#interval
  }

  take(bucket: Bucket, cost: number, now: number): void {
    if (cost > 0) bucket.passed?.push({ at: now, cost })
    bucket.tat = now + this.#interval
  }

  isFull(bucket: Bucket, now: number): boolean {
    return bucket.tat <= now
  }

  shift({ tat, passed = [] }: Bucket, milliseconds: number): Bucket {
    return {
      tat: tat + milliseconds,
      passed: passed.map(({ at, cost }) => ({ at: at + milliseconds, cost })),
    }
  }
}
