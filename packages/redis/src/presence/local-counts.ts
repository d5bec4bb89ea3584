/** A part of what a node has, on its way. */
export interface Report {
  /** As the script takes it. */
  readonly args: readonly string[]
  /** Redis has it. */
  kept(): void
  /** Redis may not have it. */
  lost(): void
}

/** What one node has of each field, and what of that is still to be reported. */
export class Share {
  readonly #counts = new Map<string, number>()
  readonly #changed = new Set<string>()
  #anew = true
  #reports = 0
  #latestKept = 0

  /** Changes a count; gives what it is then. */
  add(field: string, difference: 1 | -1): number {
    const value = (this.#counts.get(field) ?? 0) + difference
    if (value === 0) this.#counts.delete(field)
    else this.#counts.set(field, value)
    this.#changed.add(field)
    return value
  }

  /** Has a field reported again, where Redis may have got an older value of it by another way. */
  doubt(field: string): void {
    this.#changed.add(field)
  }

  get isReported(): boolean {
    return this.#changed.size === 0 && !this.#anew
  }

  /**
   * What is to be reported next. Values, not differences: what Redis has of a report that was lost does no harm. Each
   * has a number of its own, so that one which arrives after a later one is known.
   */
  next(): Report {
    const fields = [...this.#changed].slice(0, FIELDS)
    for (const field of fields) this.#changed.delete(field)
    const values = fields.flatMap((field) => [field, `${this.#counts.get(field) ?? 0}`])
    const number = ++this.#reports
    return {
      args: [`${this.#latestKept}`, `${number}`, this.#anew ? '1' : '', ...values],
      kept: () => {
        this.#latestKept = number
        this.#anew = false
      },
      lost: () => {
        for (const field of fields) this.#changed.add(field)
      },
    }
  }

  /** Redis does not have what was reported: all of it is to be told again. */
  beginAnew(): void {
    this.#anew = true
    for (const field of this.#counts.keys()) this.#changed.add(field)
  }
}

/** So many in one report: Redis serves nobody else meanwhile. */
const FIELDS = 1_000
