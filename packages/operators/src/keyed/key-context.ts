import { describeValue } from '@rxsse/shared'
import type { Clock } from '../stage/clock.ts'

/** What a key's state is changed by, and when. */
export interface KeyMoment<K> {
  readonly key: K
  /** Milliseconds: the event's timestamp, or when the timer was due. */
  readonly time: number
  /** An event, a timer that was due, or a timer that fires early because the source has completed. */
  readonly cause: 'event' | 'timer' | 'completion'
}

/** What `fn` and `onTimer` of `scanByKey` can do with a key while they run. */
export interface KeyContext<K> extends KeyMoment<K> {
  /** When the key's timer is due. Undefined: none is set. */
  readonly timer: number | undefined
  /** Sets the key's timer, in place of an earlier one. A time that has passed fires at once; `onTimer` must set a later one than its own. It has no effect at completion. */
  readonly setTimer: (at: number | Date) => void
  readonly clearTimer: () => void
  /** Deletes the key's state and timer after this call. The state that it returns is emitted all the same. */
  readonly forget: () => void
}

/** The context of one call after the other. It does nothing between them. */
export class Transition<K> implements KeyContext<K> {
  readonly #clock: Clock
  readonly #hasTimers: boolean
  #isActive = false
  // Set by `begin` before anybody reads it.
  #key = undefined as K
  #time: number | undefined
  #timer = Number.POSITIVE_INFINITY
  #cause: 'event' | 'timer' = 'event'
  isForgotten = false
  /** Whether a callback has asked what time it is, where no event or timer tells. */
  hasReadClock = false
  /** The source has completed: timers fire, and cannot be set. */
  isCompleting = false

  constructor(clock: Clock, hasTimers: boolean) {
    this.#clock = clock
    this.#hasTimers = hasTimers
  }

  /** A call starts. `time` is undefined if nobody needed the clock so far. `timer` is Infinity if none is set. */
  begin(key: K, time: number | undefined, timer: number, cause: 'event' | 'timer'): void {
    this.#isActive = true
    this.#key = key
    this.#time = time
    this.#timer = timer
    this.#cause = cause
    this.isForgotten = false
  }

  end(): void {
    this.#isActive = false
  }

  get key(): K {
    return this.#key
  }

  get time(): number {
    if (this.#time === undefined) {
      this.#time = this.#clock.timeOfDay()
      this.hasReadClock = true
    }
    return this.#time
  }

  get cause(): KeyMoment<K>['cause'] {
    return this.isCompleting ? 'completion' : this.#cause
  }

  get timer(): number | undefined {
    return this.#timer === Number.POSITIVE_INFINITY ? undefined : this.#timer
  }

  // Bound, so that a caller can destructure them.
  readonly setTimer = (at: number | Date): void => {
    this.#requireActive('setTimer')
    if (!this.#hasTimers) throw new TypeError('scanByKey: setTimer needs the option onTimer')
    const time = at instanceof Date ? at.getTime() : at
    if (typeof time !== 'number' || !Number.isFinite(time)) {
      throw new TypeError(
        `scanByKey: setTimer takes a finite number of milliseconds or a valid Date, not ${describeValue(at)}`,
      )
    }
    if (this.#cause === 'timer' && time <= this.time)
      throw new TypeError(`scanByKey: onTimer must set a timer that is later than ${this.time}, not ${time}`)
    if (!this.isCompleting) this.#timer = time
  }

  readonly clearTimer = (): void => {
    this.#requireActive('clearTimer')
    this.#timer = Number.POSITIVE_INFINITY
  }

  readonly forget = (): void => {
    this.#requireActive('forget')
    this.isForgotten = true
  }

  #requireActive(method: string): void {
    if (!this.#isActive) throw new Error(`scanByKey: ${method} works only while fn or onTimer runs`)
  }
}
