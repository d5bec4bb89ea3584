import type { MaybePromise } from '@rxsse/shared'
import type { Clock } from '../stage/clock.ts'
import { Timer } from '../stage/timer.ts'

/** Tells what is waited for if the store does not answer for long. */
export class StorePatience {
  readonly #clock: Clock
  readonly #timer: Timer
  #doing = ''

  constructor(clock: Clock, tell: (waitingFor: string) => void) {
    this.#clock = clock
    this.#timer = new Timer(clock, () => tell(`the store, which is ${this.#doing}`))
  }

  /** Resolves as `answer` does. */
  async wait<T>(doing: string, answer: MaybePromise<T>): Promise<T> {
    this.begin(doing)
    const value = await answer
    this.end()
    return value
  }

  /** `doing`: what the store is doing. */
  begin(doing: string): void {
    this.#doing = doing
    this.#timer.set(this.#clock.now() + PATIENCE_MS)
  }

  end(): void {
    this.#timer.clear()
  }
}

/** A store on a slow disk may take seconds. */
const PATIENCE_MS = 30_000
