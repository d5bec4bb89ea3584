import type { SchedulerLike, Subscription, Unsubscribable } from 'rxjs'

/** Beyond this a timer of any JavaScript runtime fires at once. */
const LONGEST_TIMER = 2 ** 31 - 1

/**
 * One timer that is set anew as often as wanted. Moving it later costs nothing: the pending timer finds at its end
 * that it is early and starts again, so an alarm that moves with every event does not make a timer for every event.
 */
export class Alarm implements Unsubscribable {
  readonly #scheduler: SchedulerLike
  readonly #ring: (now: number) => void
  #due = Number.POSITIVE_INFINITY
  #armedFor = Number.POSITIVE_INFINITY
  #timer: Subscription | undefined

  constructor(scheduler: SchedulerLike, ring: (now: number) => void) {
    this.#scheduler = scheduler
    this.#ring = ring
  }

  /** Rings once, at `due` by the scheduler's clock, in place of any earlier setting. Infinity clears it. */
  set(due: number): void {
    this.#due = due
    if (due === Number.POSITIVE_INFINITY) this.clear()
    else if (this.#timer === undefined || due < this.#armedFor) this.#arm()
  }

  clear(): void {
    this.#due = Number.POSITIVE_INFINITY
    this.#timer?.unsubscribe()
    this.#timer = undefined
  }

  unsubscribe(): void {
    this.clear()
  }

  #arm(): void {
    this.#timer?.unsubscribe()
    const now = this.#scheduler.now()
    const delay = Math.min(Math.max(this.#due - now, 0), LONGEST_TIMER)
    // The moment this timer stands for, not what the clock will say then: a timer may fire a little early and a wall
    // clock may be set back, and neither may leave the alarm waiting again for a moment that has come.
    this.#armedFor = this.#due - now > LONGEST_TIMER ? now + delay : this.#due
    this.#timer = this.#scheduler.schedule(() => this.#fire(), delay)
  }

  #fire(): void {
    this.#timer = undefined
    if (this.#armedFor < this.#due) {
      this.#arm()
      return
    }
    const due = this.#due
    this.#due = Number.POSITIVE_INFINITY
    this.#ring(Math.max(this.#scheduler.now(), due))
  }
}
