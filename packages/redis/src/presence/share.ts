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
  #revision = 0

  /** Changes a count; gives what it is then. */
  add(field: string, difference: 1 | -1): number {
    const value = (this.#counts.get(field) ?? 0) + difference
    if (value === 0) this.#counts.delete(field)
    else this.#counts.set(field, value)
    this.#changed.add(field)
    return value
  }

  get isReported(): boolean {
    return this.#changed.size === 0 && !this.#anew
  }

  /** What is to be reported next. Values, not differences: a report that comes twice changes nothing. */
  next(): Report {
    const fields = [...this.#changed].slice(0, FIELDS)
    for (const field of fields) this.#changed.delete(field)
    const values = fields.flatMap((field) => [field, `${this.#counts.get(field) ?? 0}`])
    const before = this.#revision
    return {
      args: [`${before}`, `${before + 1}`, this.#anew ? '1' : '', ...values],
      kept: () => {
        this.#revision = before + 1
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
