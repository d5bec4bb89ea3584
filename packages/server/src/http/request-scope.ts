import { callSafely } from '../sink/callbacks.ts'

/** What a request holds until it is answered. If the client leaves before, all is released. */
export class RequestScope {
  /** The stream has begun to be made. From then on, a closing endpoint may wait for it. */
  hasBegun = false
  readonly #onError: (error: unknown) => void
  #held: (() => void)[] = []
  #ended = false

  constructor(onError: (error: unknown) => void) {
    this.#onError = onError
  }

  /** The client has left, or was refused. */
  get ended(): boolean {
    return this.#ended
  }

  /** Calls `release` when the scope ends: at once if it has ended. */
  hold(release: () => void): void {
    if (this.#ended) callSafely(release, this.#onError)
    else this.#held.push(release)
  }

  end(): void {
    this.#ended = true
    const held = this.#held
    this.#held = []
    for (const release of held) callSafely(release, this.#onError)
  }
}
