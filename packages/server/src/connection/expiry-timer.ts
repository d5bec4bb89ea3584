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
    if (time === Number.POSITIVE_INFINITY) return
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
    this.#cancel = this.#clock.after(Math.min(delay, CHECK_MS), () => this.#expire())
  }

  #expire(): void {
    const now = this.#clock.timeOfDay()
    if (now < this.#next) {
      this.#schedule(this.#next)
      return
    }
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

/** A clock that is set, or a machine that has slept, is noticed after this time. */
const CHECK_MS = 60_000
