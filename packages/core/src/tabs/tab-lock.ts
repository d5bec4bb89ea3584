import type { LockMode } from './tab-port.ts'
import type { LockManagerLike } from './web-platform.ts'

export interface TabLockListener {
  onLockGranted(): void
  onLockUnavailable(): void
  onLockLost(): void
  /** The platform refuses locks, as in a sandboxed frame. */
  onLocksRefused(cause: unknown): void
}

interface Request {
  readonly abort: AbortController
  /** Gives up the lock. Undefined until it is granted. */
  release: (() => void) | undefined
}

/** A Web Lock that a tab asks for, holds and releases. Only the last request counts. */
export class TabLock {
  readonly #locks: LockManagerLike
  readonly #name: string
  readonly #listener: TabLockListener
  #current: Request | undefined

  constructor(locks: LockManagerLike, name: string, listener: TabLockListener) {
    this.#locks = locks
    this.#name = name
    this.#listener = listener
  }

  request(mode: LockMode): void {
    this.release()
    const request: Request = { abort: new AbortController(), release: undefined }
    this.#current = request
    // `signal` is an error together with the other two.
    const options =
      mode === 'try'
        ? { ifAvailable: true }
        : mode === 'steal'
          ? { steal: true }
          : { signal: request.abort.signal }
    const onGranted = (lock: object | null) => this.#onAnswer(request, lock)
    // A refusal may be thrown. A request that does not count any more must not steal.
    Promise.resolve()
      .then(() => this.#current === request && this.#locks.request(this.#name, options, onGranted))
      .catch((cause: unknown) => this.#onError(request, cause))
  }

  release(): void {
    const request = this.#current
    this.#current = undefined
    request?.abort.abort()
    request?.release?.()
  }

  #onAnswer(request: Request, lock: object | null): Promise<void> | undefined {
    if (this.#current !== request) return undefined
    if (lock === null) {
      this.#current = undefined
      this.#listener.onLockUnavailable()
      return undefined
    }
    const held = new Promise<void>((resolve) => {
      request.release = resolve
    })
    this.#listener.onLockGranted()
    return held
  }

  #onError(request: Request, cause: unknown): void {
    if (this.#current !== request) return
    this.#current = undefined
    if (request.release) this.#listener.onLockLost()
    else this.#listener.onLocksRefused(cause)
  }
}
