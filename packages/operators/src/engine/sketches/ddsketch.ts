/**
 * Quantiles within a relative error, in memory that goes with the logarithm of the range of values (DDSketch). Buckets
 * grow by a constant factor, so merging is adding counts, and exact: the sketch of a union is the sum of the sketches.
 */
export class DDSketch {
  readonly #logGamma: number
  /** Counts by bucket: bucket i holds magnitudes in (gamma ** (i - 1), gamma ** i], and bucket -Infinity holds zero. */
  readonly #above = new Map<number, number>()
  readonly #below = new Map<number, number>()
  #notNumbers = 0
  #count = 0

  constructor(relativeError: number) {
    if (!(relativeError > 0 && relativeError < 1)) {
      throw new RangeError(`quantile: relativeError must be between 0 and 1, not ${String(relativeError)}`)
    }
    this.#logGamma = Math.log((1 + relativeError) / (1 - relativeError))
  }

  get count(): number {
    return this.#count
  }

  add(value: number): void {
    this.#count++
    if (value >= 0) increase(this.#above, this.#bucketOf(value), 1)
    else if (value < 0) increase(this.#below, this.#bucketOf(-value), 1)
    else this.#notNumbers++
  }

  merge(from: DDSketch): void {
    for (const [bucket, n] of from.#above) increase(this.#above, bucket, n)
    for (const [bucket, n] of from.#below) increase(this.#below, bucket, n)
    this.#notNumbers += from.#notNumbers
    this.#count += from.#count
  }

  /** The value of rank `floor(q * (count - 1))`, within the relative error; NaN where there is none, or where one was NaN. */
  quantile(q: number): number {
    if (this.#notNumbers > 0) return Number.NaN
    let rank = Math.floor(q * (this.#count - 1))
    for (const [value, n] of this.#ascending()) {
      if (rank < n) return value
      rank -= n
    }
    return Number.NaN
  }

  /** A value for each bucket, with how many are in it, the least first. */
  *#ascending(): Generator<[value: number, n: number], void> {
    for (const [bucket, n] of [...this.#below].sort(([a], [b]) => b - a)) yield [-this.#middleOf(bucket), n]
    for (const [bucket, n] of [...this.#above].sort(([a], [b]) => a - b)) yield [this.#middleOf(bucket), n]
  }

  #bucketOf(magnitude: number): number {
    return Math.ceil(Math.log(magnitude) / this.#logGamma)
  }

  /** As far from one end of the bucket as from the other, relatively. */
  #middleOf(bucket: number): number {
    return Math.exp(bucket * this.#logGamma) * (2 / (1 + Math.exp(this.#logGamma)))
  }
}

function increase(counts: Map<number, number>, bucket: number, n: number): void {
  counts.set(bucket, (counts.get(bucket) ?? 0) + n)
}
