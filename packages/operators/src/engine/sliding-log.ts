import type { Bucket, Limiter, PassedLog } from './gcra.ts'

/**
 * Lets events of at most `tokens` through in any `[t, t + interval)`. Remembers the cost of each millisecond of the last interval.
 * An event costs O(1), amortised.
 */
export class SlidingLog implements Limiter {
  readonly #tokens: number
  readonly #interval: number

  constructor({ tokens, interval }: { readonly tokens: number; readonly interval: number }) {
    this.#tokens = tokens
    this.#interval = interval
  }

  bucket(): Bucket {
    return { tat: 0, log: { entries: [], expired: 0, used: 0 } }
  }

  wait({ log = EMPTY }: Bucket, cost: number, now: number): number {
    this.#expire(log, now)
    if (log.used + cost <= this.#tokens) return 0
    let used = log.used
    for (let i = log.expired; i < log.entries.length; i++) {
      const entry = log.entries[i] as PassedLog['entries'][number]
      used -= entry.cost
      if (used + cost <= this.#tokens) return Math.max(1, Math.ceil(entry.at + this.#interval - now))
    }
    // The sums of fractions may leave a rest that is no event's.
    return this.#interval
  }

  take(bucket: Bucket, cost: number, now: number): void {
    bucket.tat = now + this.#interval
    const { log } = bucket
    if (cost === 0 || log === undefined) return
    log.used += cost
    const newest = log.entries[log.entries.length - 1]
    if (newest?.at === now && log.entries.length > log.expired) newest.cost += cost
    else log.entries.push({ at: now, cost })
  }

  isFull(bucket: Bucket, now: number): boolean {
    return bucket.tat <= now
  }

  shift({ tat, log = EMPTY }: Bucket, milliseconds: number): Bucket {
    const entries = log.entries.slice(log.expired)
    return {
      tat: tat + milliseconds,
      log: {
        entries: entries.map(({ at, cost }) => ({ at: at + milliseconds, cost })),
        expired: 0,
        used: log.used,
      },
    }
  }

  #expire(log: PassedLog, now: number): void {
    const before = log.expired
    for (; log.expired < log.entries.length; log.expired++) {
      const { at, cost } = log.entries[log.expired] as PassedLog['entries'][number]
      if (at + this.#interval > now) break
      log.used -= cost
    }
    if (log.expired === before || log.expired * 2 < log.entries.length) return
    log.entries = log.entries.slice(log.expired)
    log.expired = 0
    // Summed anew, because a difference of fractions leaves a rest. This happens as seldom as the copy above.
    log.used = log.entries.reduce((sum, { cost }) => sum + cost, 0)
  }
}

/** Only the type knows buckets without a log. */
const EMPTY: PassedLog = { entries: [], expired: 0, used: 0 }
