/** Tells of Redis being away once, until it is back; nothing depends on what is done with it. */
export class Faults {
  readonly #onError: (error: unknown) => void
  #latest: unknown

  constructor(onError: (error: unknown) => void) {
    this.#onError = onError
  }

  /** What went wrong last, since Redis last answered. */
  get latest(): unknown {
    return this.#latest
  }

  /** Whether to go on waiting: as the caller chose, and in any case for the first connection. */
  isWorthWaiting(whenAway: 'wait' | 'fail'): boolean {
    return whenAway === 'wait' || this.#latest === undefined
  }

  report(error: unknown): void {
    const isNews = this.#latest === undefined
    this.#latest = error
    if (isNews) this.tell(error)
  }

  /** Tells of what is not of Redis being away, whenever it happens. */
  tell(error: unknown): void {
    try {
      this.#onError(error)
    } catch (thrown) {
      console.error(thrown)
    }
  }

  answered(): void {
    this.#latest = undefined
  }
}
