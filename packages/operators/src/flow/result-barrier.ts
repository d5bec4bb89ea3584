import type { Part } from '../engine/queues/contiguous-prefix.ts'
import { Queue } from '../engine/queues/queue.ts'

/**
 * Between a stage that makes results of several events and the stages below. An event that the stage is done with waits until the
 * results that were emitted before are handled below.
 */
export class ResultBarrier {
  /** Called with a part that no longer waits. */
  readonly #release: (part: Part<string>) => void
  /** In the order of emission. The first one is not handled. */
  readonly #results = new Queue<Result>()
  #added = 0

  constructor(release: (part: Part<string>) => void) {
    this.#release = release
  }

  /** A result is about to be emitted. Returns its part, which the stages below settle. */
  add(stage: number): Part<string> {
    const result: Result = { isHandled: false, held: [] }
    this.#results.push(result)
    return {
      end: '',
      stage,
      merged: undefined,
      sequence: this,
      rank: this.#added++,
      onHandled: () => {
        result.isHandled = true
        this.#advance()
      },
    }
  }

  /** Holds the part back if a result is not handled yet. */
  hold(part: Part<string>): boolean {
    const newest = this.#results.last
    newest?.held.push(part)
    return newest !== undefined
  }

  /** Forgets all results. What an earlier subscription held does not come back. */
  clear(): void {
    this.#results.clear()
  }

  #advance(): void {
    for (let { first } = this.#results; first?.isHandled; first = this.#results.first) {
      this.#results.shift()
      for (const part of first.held) this.#release(part)
    }
  }
}

interface Result {
  isHandled: boolean
  /** Parts that wait for this result and those before. */
  readonly held: Part<string>[]
}
