/** What results are made from. Their ids are its name and their number. */
export interface Cause {
  readonly name: string
  /** How many results it has had. */
  results: number
}

/**
 * Names results by what caused them. A cause holds while an operator or a feed works, and everything that is emitted
 * meanwhile is its result. So the same event makes results with the same ids each time it is replayed.
 */
export class Causes {
  readonly #prefix: string
  #current: Cause
  /** Stands for clocks and promises, whose results are never made again in the same way. */
  readonly unrepeatable: Cause

  /** `prefix`: what all ids begin with. */
  constructor(run: string, prefix = '') {
    this.#prefix = prefix
    this.unrepeatable = { name: `~${run}`, results: 0 }
    this.#current = this.unrepeatable
  }

  /** From now on everything is caused by `cause`. Returns what to give to `leave`. No callback: each event comes here. */
  enter(cause: Cause): Cause {
    const before = this.#current
    this.#current = cause
    return before
  }

  leave(before: Cause): void {
    this.#current = before
  }

  run(cause: Cause, work: () => void): void {
    const before = this.enter(cause)
    try {
      work()
    } finally {
      this.leave(before)
    }
  }

  /** The id of the next result. */
  nextId(): string {
    return `${this.#prefix}${this.#current.name}#${this.#current.results++}`
  }
}

/** A name that no other run of a job has. */
export function createRunName(): string {
  return [...crypto.getRandomValues(new Uint32Array(2))].map((word) => word.toString(36)).join('')
}
