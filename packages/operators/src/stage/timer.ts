import { LONGEST_TIMER } from '@rxsse/shared'
import type { Subscription, Unsubscribable } from 'rxjs'
import { type Clock, shiftToDay } from './clock.ts'
import type { StateReader, StateWriter } from './operator-state.ts'

/**
 * One timer that can be set again at any time. Moving it later costs nothing: the pending timeout fires early and
 * starts again. So a timer that moves with every event does not create a timeout for every event.
 */
export class Timer implements Unsubscribable {
  readonly #clock: Clock
  readonly #callback: (now: number) => void
  #due = Number.POSITIVE_INFINITY
  /** When the pending timeout fires. */
  #timeoutAt = Number.POSITIVE_INFINITY
  #timeout: Subscription | undefined
  #isOver = false

  constructor(clock: Clock, callback: (now: number) => void) {
    this.#clock = clock
    this.#callback = callback
  }

  /** When the timer calls back. Infinity: it is not set. */
  get due(): number {
    return this.#due
  }

  get isSet(): boolean {
    return this.#due !== Number.POSITIVE_INFINITY
  }

  /** Calls back once, at `due` by the clock. Replaces an earlier setting. Infinity clears the timer. */
  set(due: number): void {
    // A callback of an operator may go on after what it has emitted has ended the stream.
    if (this.#isOver) return
    this.#due = due
    if (due === Number.POSITIVE_INFINITY) this.clear()
    else if (this.#timeout === undefined || due < this.#timeoutAt) this.#start()
  }

  /** Writes when it is due, as a time of the day. */
  save(writer: StateWriter): void {
    writer.number(this.#due + shiftToDay(this.#clock))
  }

  /** Sets it as it was. Whoever has set the clock back meanwhile waits for `longest` milliseconds at the longest. */
  load(reader: StateReader, longest: number): void {
    const due = reader.number() - shiftToDay(this.#clock)
    if (due !== Number.POSITIVE_INFINITY) this.set(Math.min(due, this.#clock.now() + longest))
  }

  clear(): void {
    this.#due = Number.POSITIVE_INFINITY
    this.#timeout?.unsubscribe()
    this.#timeout = undefined
  }

  /** Clears the timer for good. */
  unsubscribe(): void {
    this.#isOver = true
    this.clear()
  }

  #start(): void {
    this.#timeout?.unsubscribe()
    const now = this.#clock.now()
    const delay = Math.min(Math.max(this.#due - now, 0), LONGEST_TIMER)
    // Compared with `due` when the timeout fires, instead of the clock: a timeout may fire a little early, which must not
    // make the timer wait again for a moment that has come.
    this.#timeoutAt = this.#due - now > LONGEST_TIMER ? now + delay : this.#due
    this.#timeout = this.#clock.schedule(() => this.#fire(), delay)
  }

  #fire(): void {
    this.#timeout = undefined
    if (this.#timeoutAt < this.#due) {
      this.#start()
      return
    }
    const due = this.#due
    this.#due = Number.POSITIVE_INFINITY
    this.#callback(Math.max(this.#clock.now(), due))
  }
}
