import { LONGEST_TIMER } from '@rxsse/shared'
import type { Cancel, Clock } from './clock.ts'

/** Times at which items expire. One timer for all of them runs at the next one. */
export class ExpiryTimer<Item> {
  readonly #clock: Clock
  readonly #onExpired: (item: Item) => void
  /** Milliseconds since 1970. */
  readonly #times = new Map<Item, number>()
  #next = Number.POSITIVE_INFINITY
  #cancel: Cancel | undefined

  constructor(clock: Clock, onExpired: (item: Item) => void) {
    this.#clock = clock
    this.#onExpired = onExpired
  }

  /** An item whose time has come already expires at the next tick. */
  add(item: Item, time: number): void {
    this.#times.set(item, time)
    if (time < this.#next) this.#schedule(time)
  }

  delete(item: Item): void {
    if (!this.#times.delete(item) || this.#times.size > 0) return
    this.#cancel?.()
    this.#cancel = undefined
    this.#next = Number.POSITIVE_INFINITY
  }

  #schedule(time: number): void {
    this.#cancel?.()
    this.#next = time
    const delay = Math.max(0, time - this.#clock.timeOfDay())
    this.#cancel = this.#clock.after(Math.min(delay, LONGEST_TIMER), () => this.#expire())
  }

  /** The clock may have been set back meanwhile, or the time was too far for one timer. */
  #expire(): void {
    const now = this.#clock.timeOfDay()
    this.#next = Number.POSITIVE_INFINITY
    let next = Number.POSITIVE_INFINITY
    for (const [item, time] of this.#times) {
      if (time > now) {
        next = Math.min(next, time)
        continue
      }
      this.#times.delete(item)
      this.#onExpired(item)
    }
    if (next < Number.POSITIVE_INFINITY && next < this.#next) this.#schedule(next)
  }
}
