import { isPromise } from '@rxsse/shared'

/** Reports that Redis is away: once, until Redis answers again. */
export class OutageReporter {
  readonly #onError: (error: unknown) => unknown
  #latestError: unknown

  constructor(onError: (error: unknown) => void) {
    this.#onError = onError
  }

  /** The latest error since Redis last answered. */
  get latestError(): unknown {
    return this.#latestError
  }

  /** Whether a call waits for Redis. The first connection is always waited for. */
  shouldWait(whenAway: 'wait' | 'fail'): boolean {
    return whenAway === 'wait' || this.#latestError === undefined
  }

  reportOutage(error: unknown): void {
    const isFirst = this.#latestError === undefined
    this.#latestError = error
    if (isFirst) this.report(error)
  }

  /** Reports an error that has nothing to do with an outage. Never throws. */
  report(error: unknown): void {
    try {
      const result = this.#onError(error)
      if (isPromise(result)) Promise.resolve(result).catch(console.error)
    } catch (thrown) {
      console.error(thrown)
    }
  }

  /** Calls a listener of the user. Its error is reported, also if it returns a promise that rejects. */
  call(listener: () => unknown): void {
    try {
      const result = listener()
      if (isPromise(result)) Promise.resolve(result).catch((error) => this.report(error))
    } catch (error) {
      this.report(error)
    }
  }

  /** Redis has answered. */
  recover(): void {
    this.#latestError = undefined
  }
}
