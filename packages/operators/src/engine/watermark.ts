import type { StateReader, StateWriter } from '../stage/operator-state.ts'

export interface WatermarkOptions {
  /** How far an event may be behind the latest one and still be on time, in milliseconds. */
  readonly maxOutOfOrderness: number
  /** Milliseconds of silence after which event time goes on with the clock. Infinity: never. */
  readonly idle: number
  /** How far a timestamp may be ahead of the clock and still count, in milliseconds. Infinity: any distance. */
  readonly maxFutureDrift: number
}

/** The clock that a watermark needs. */
export interface WatermarkClock {
  /** Milliseconds that never go back. */
  now(): number
  /** A time of day that never goes back. */
  timeOfDay(): number
  /** The time of day, which timestamps are compared with. Not before `timeOfDay`. */
  latestTimeOfDay(): number
}

/**
 * The watermark: no event older than this is expected. It never falls. It is the latest timestamp minus
 * `maxOutOfOrderness`, and rises with the clock while the stream is silent.
 */
export class Watermark {
  readonly #options: WatermarkOptions
  readonly #needsClock: boolean
  value: number = Number.NEGATIVE_INFINITY
  /** The watermark from the events alone. */
  #byEvents = Number.NEGATIVE_INFINITY
  #lastArrival = Number.NEGATIVE_INFINITY
  #lastTimeOfDay = Number.NEGATIVE_INFINITY
  /** A reading of the clock's `timeOfDay`. */
  #knownTimeOfDay = Number.NEGATIVE_INFINITY

  constructor(options: WatermarkOptions) {
    this.#options = options
    this.#needsClock =
      options.idle !== Number.POSITIVE_INFINITY || options.maxFutureDrift !== Number.POSITIVE_INFINITY
  }

  /** An event with this finite timestamp has arrived. Reads the clock only if an option needs it. */
  observe(timestamp: number, clock: WatermarkClock): void {
    if (this.#needsClock && !this.#isCredible(timestamp, clock)) return
    const mark = timestamp - this.#options.maxOutOfOrderness
    if (mark > this.#byEvents) this.#byEvents = mark
    if (mark > this.value) this.value = mark
  }

  #isCredible(timestamp: number, clock: WatermarkClock): boolean {
    const { idle, maxFutureDrift } = this.#options
    if (idle !== Number.POSITIVE_INFINITY) this.#lastArrival = clock.now()
    // What an earlier reading allows, a later one does too. So most events do not read the clock.
    if (timestamp - this.#knownTimeOfDay <= maxFutureDrift) return true
    this.#knownTimeOfDay = clock.timeOfDay()
    this.#lastTimeOfDay = clock.latestTimeOfDay()
    return timestamp - this.#lastTimeOfDay <= maxFutureDrift
  }

  /** The clock's time at which the watermark reaches `mark` if no event comes. Infinity: never. */
  reaches(mark: number): number {
    const { idle } = this.#options
    // Before the first event there is no time that could go on.
    if (idle === Number.POSITIVE_INFINITY || this.#lastArrival === Number.NEGATIVE_INFINITY)
      return Number.POSITIVE_INFINITY
    return this.#lastArrival + Math.max(idle, mark - this.#atLastArrival())
  }

  /** The clock has come to `reaches(mark)`, and no event has come since. */
  advance(mark: number, now: number): void {
    // At least `mark`: a sum of floats does not always undo their difference.
    this.value = Math.max(this.value, mark, this.#atLastArrival() + (now - this.#lastArrival))
  }

  save(writer: StateWriter): void {
    for (const time of [this.value, this.#byEvents, this.#lastTimeOfDay]) writer.number(time)
  }

  /** Goes on from what `save` has written. The silence begins at `now`. */
  load(reader: StateReader, now: number): void {
    this.value = reader.number()
    this.#byEvents = reader.number()
    this.#lastTimeOfDay = reader.number()
    if (this.#atLastArrival() !== Number.NEGATIVE_INFINITY) this.#lastArrival = now
  }

  /** Event time at the last arrival. If every event was too far ahead of the clock, only the clock tells. */
  #atLastArrival(): number {
    return this.#byEvents === Number.NEGATIVE_INFINITY
      ? this.#lastTimeOfDay - this.#options.maxOutOfOrderness
      : this.#byEvents
  }
}
