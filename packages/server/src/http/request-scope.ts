import { isMeant } from '../fan-out/target.ts'
import { callSafely } from '../sink/callbacks.ts'
import type { Target } from '../sink/message.ts'
import type { EncodedEvent } from '../wire/frame.ts'

/** Who a request is for, once access has been decided. */
export interface Identity {
  readonly user: string | undefined
  readonly rooms: readonly string[]
}

/** Ends the connections of a target. `createLast` makes the last event of each. */
export interface Disconnection {
  readonly target: Target
  createLast(): EncodedEvent
}

/** What a request holds until it is answered. If the client leaves before, all is released. */
export class RequestScope {
  /** The stream has begun to be made. From then on, a closing endpoint may wait for it. */
  hasBegun = false
  readonly #onError: (error: unknown) => void
  #held: (() => void)[] = []
  #ended = false
  #identity: Identity | undefined
  #disconnections: Disconnection[] = []

  constructor(onError: (error: unknown) => void) {
    this.#onError = onError
  }

  /** The client has left, or was refused. */
  get ended(): boolean {
    return this.#ended
  }

  /**
   * The order that this request must not outlive: access may have been decided, or asked, before
   * its target lost it.
   */
  get disconnection(): Disconnection | undefined {
    return this.#disconnections.find((disconnection) => this.#isMeant(disconnection))
  }

  identify(identity: Identity): void {
    this.#identity = identity
  }

  disconnect(disconnection: Disconnection): void {
    if (this.#identity === undefined || this.#isMeant(disconnection)) this.#disconnections.push(disconnection)
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
    // What came last is released first: a pipeline ends before its signal aborts.
    for (const release of held.reverse()) callSafely(release, this.#onError)
  }

  #isMeant({ target }: Disconnection): boolean {
    const { user, rooms = [] }: Partial<Identity> = this.#identity ?? {}
    return isMeant(target, rooms, user)
  }
}
