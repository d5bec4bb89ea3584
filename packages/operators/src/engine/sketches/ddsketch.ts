import { optionError } from '@rxsse/shared'

/** A sketch as data. */
export interface DDSketchData {
  readonly above: Map<number, number>
  readonly below: Map<number, number>
  readonly nans: number
  readonly min: number
  readonly max: number
  readonly count: number
}

/**
 * DDSketch (arXiv:1908.10693): quantiles within a relative error, in memory that grows with the logarithm of the range.
 * The bounds of the buckets grow by a constant factor. Merging adds the counts of equal buckets, which is exact.
 */
export class DDSketch {
  readonly #logGamma: number
  /** Counts by bucket: bucket i holds magnitudes in (gamma ** (i - 1), gamma ** i], and bucket -Infinity holds zero. */
  readonly #above: Map<number, number>
  readonly #below: Map<number, number>
  #nans: number
  #min: number
  #max: number
  #count: number

  /** `data`: what `toData` has told of another one with the same error, which must not be used any more. */
  constructor(relativeError: number, data?: DDSketchData) {
    if (!(relativeError >= LEAST_ERROR && relativeError < 1)) {
      throw optionError(
        'quantile: relativeError',
        `a number from ${LEAST_ERROR} to less than 1`,
        relativeError,
      )
    }
    this.#above = data?.above ?? new Map()
    this.#below = data?.below ?? new Map()
    this.#nans = data?.nans ?? 0
    this.#min = data?.min ?? Number.POSITIVE_INFINITY
    this.#max = data?.max ?? Number.NEGATIVE_INFINITY
    this.#count = data?.count ?? 0
    // The logarithm of (1 + error) / (1 - error), also of an error near 0.
    this.#logGamma = Math.log1p((2 * relativeError) / (1 - relativeError))
  }

  get count(): number {
    return this.#count
  }

  /** Not a copy. */
  toData(): DDSketchData {
    return {
      above: this.#above,
      below: this.#below,
      nans: this.#nans,
      min: this.#min,
      max: this.#max,
      count: this.#count,
    }
  }

  add(value: number): this {
    this.#count++
    if (value < this.#min) this.#min = value
    if (value > this.#max) this.#max = value
    if (value >= 0) increase(this.#above, this.#bucket(value), 1)
    else if (value < 0) increase(this.#below, this.#bucket(-value), 1)
    else this.#nans++
    return this
  }

  merge(from: DDSketch): this {
    for (const [bucket, n] of from.#above) increase(this.#above, bucket, n)
    for (const [bucket, n] of from.#below) increase(this.#below, bucket, n)
    this.#min = Math.min(this.#min, from.#min)
    this.#max = Math.max(this.#max, from.#max)
    this.#nans += from.#nans
    this.#count += from.#count
    return this
  }

  /**
   * The value of rank `floor(q * (count - 1))`, counted from 0, within the relative error. Never below the smallest value or above
   * the largest one, which are exact. NaN if there is none, or one was NaN.
   */
  quantile(q: number): number {
    if (this.#nans > 0 || this.#count === 0) return Number.NaN
    let rank = Math.floor(q * (this.#count - 1))
    // `+ 0` because a zero has no sign here.
    if (rank === 0) return this.#min + 0
    if (rank === this.#count - 1) return this.#max + 0
    for (const [value, n] of this.#ascending()) {
      if (rank < n) return Math.min(Math.max(value, this.#min), this.#max) + 0
      rank -= n
    }
    return Number.NaN
  }

  /** The middle of each bucket and its count, in ascending order. */
  *#ascending(): Generator<[value: number, n: number], void> {
    for (const [bucket, n] of [...this.#below].sort(([a], [b]) => b - a)) yield [-this.#middle(bucket), n]
    for (const [bucket, n] of [...this.#above].sort(([a], [b]) => a - b)) yield [this.#middle(bucket), n]
  }

  #bucket(magnitude: number): number {
    return Math.ceil(Math.log(magnitude) / this.#logGamma)
  }

  /** The value with the same relative distance to both ends of the bucket. */
  #middle(bucket: number): number {
    // One exponent: the bounds of a bucket may be too large for a number though its middle is not.
    return Math.exp(bucket * this.#logGamma + Math.log(2 / (1 + Math.exp(this.#logGamma))))
  }
}

/** Logarithms are rounded. With an error near that of a float, one bucket would have all values. */
const LEAST_ERROR = 1e-11

function increase(counts: Map<number, number>, bucket: number, n: number): void {
  counts.set(bucket, (counts.get(bucket) ?? 0) + n)
}
