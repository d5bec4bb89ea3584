export interface WatermarkOptions {
  /** Milliseconds an event may lag behind the latest one and still be on time. */
  readonly maxOutOfOrderness: number
  /** Milliseconds of silence after which event time goes on at the pace of the clock; Infinity: never. */
  readonly idle: number
  /** Milliseconds a timestamp may be ahead of the clock and still move the watermark; Infinity: any. */
  readonly maxFutureDrift: number
}

/**
 * How far event time has come: no event older than this is expected any more. It only rises: with the latest timestamp
 * less the allowed disorder, and in silence with the clock.
 */
export class Watermark {
  readonly #options: WatermarkOptions
  readonly #needsClock: boolean
  value: number = Number.NEGATIVE_INFINITY
  /** Where the events alone would put it. */
  #byEvents = Number.NEGATIVE_INFINITY
  #lastArrival = Number.NEGATIVE_INFINITY

  constructor(options: WatermarkOptions) {
    this.#options = options
    this.#needsClock =
      options.idle !== Number.POSITIVE_INFINITY || options.maxFutureDrift !== Number.POSITIVE_INFINITY
  }

  /** An event of this (finite) timestamp has arrived. The clock is read only where an option needs it. */
  observe(timestamp: number, clock: { now(): number }): void {
    if (this.#needsClock && !this.#isCredible(timestamp, clock.now())) return
    const mark = timestamp - this.#options.maxOutOfOrderness
    if (mark > this.#byEvents) this.#byEvents = mark
    if (mark > this.value) this.value = mark
  }

  #isCredible(timestamp: number, now: number): boolean {
    this.#lastArrival = now
    return timestamp - now <= this.#options.maxFutureDrift
  }

  /** When silence after the last event would bring the watermark to `mark`, by the clock. Infinity where it never would. */
  reaches(mark: number): number {
    const { idle } = this.#options
    if (idle === Number.POSITIVE_INFINITY) return idle
    return this.#lastArrival + Math.max(idle, mark - this.#atLastArrival())
  }

  /** The clock has come to the moment that `reaches(mark)` gave, with no event since. */
  advance(mark: number, now: number): void {
    // At least to the mark: what is added to a difference of floats does not always give the sum back.
    this.value = Math.max(this.value, mark, this.#atLastArrival() + (now - this.#lastArrival))
  }

  /** From where silence goes on. While every event has been too far ahead of the clock, nothing is known of event time but the clock's. */
  #atLastArrival(): number {
    return this.#byEvents === Number.NEGATIVE_INFINITY
      ? this.#lastArrival - this.#options.maxOutOfOrderness
      : this.#byEvents
  }
}
