/**
 * How long workers that ended stay away, in milliseconds. A program that ends soon after its start
 * would otherwise be started again and again, which takes a core.
 */
export class RestartBackoff {
  readonly #maxDelay: number
  /** How many times in a row workers have ended early. */
  #failures = 0

  constructor(maxDelay: number) {
    this.#maxDelay = maxDelay
  }

  /** `served`: how long the worker that ended had listened. */
  next(served: number): number {
    if (!endedEarly(served)) {
      this.#failures = 0
      return 0
    }
    return Math.min(FIRST_DELAY_MS * 2 ** this.#failures++, this.#maxDelay)
  }
}

/** Whether a worker ended so soon after it listened that its start may be the reason. */
export function endedEarly(served: number): boolean {
  return served < EARLY_MS
}

const FIRST_DELAY_MS = 100
const EARLY_MS = 10_000
