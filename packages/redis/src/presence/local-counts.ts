/** Changed counts on their way to Redis. */
export interface CountReport {
  /** Arguments of the script. */
  readonly args: readonly string[]
  /** Redis has stored the report. */
  confirm(): void
  /** Redis may not have stored the report. */
  restore(): void
}

/** The counts of one node, by field, and which of them Redis does not have yet. */
export class LocalCounts {
  readonly #counts = new Map<string, number>()
  readonly #changed = new Set<string>()
  #isFirst = true
  #reports = 0
  #latestStored = 0

  /** Adds to a count. Returns the new value. */
  add(field: string, difference: 1 | -1): number {
    const value = (this.#counts.get(field) ?? 0) + difference
    if (value === 0) this.#counts.delete(field)
    else this.#counts.set(field, value)
    this.#changed.add(field)
    return value
  }

  /** Reports a field again, because Redis may have stored an older value of it since. */
  invalidate(field: string): void {
    this.#changed.add(field)
  }

  /** Reports every field again, because Redis has lost them. */
  invalidateAll(): void {
    this.#isFirst = true
    for (const field of this.#counts.keys()) this.#changed.add(field)
  }

  get isReported(): boolean {
    return this.#changed.size === 0 && !this.#isFirst
  }

  /**
   * The next report. It carries values, not differences, so sending one twice does no harm. Its number lets Redis
   * recognize a report that arrives after a later one.
   */
  takeReport(): CountReport {
    const fields = [...this.#changed].slice(0, MAX_FIELDS)
    for (const field of fields) this.#changed.delete(field)
    const values = fields.flatMap((field) => [field, `${this.#counts.get(field) ?? 0}`])
    const number = ++this.#reports
    return {
      args: [`${this.#latestStored}`, `${number}`, this.#isFirst ? '1' : '', ...values],
      confirm: () => {
        this.#latestStored = number
        this.#isFirst = false
      },
      restore: () => {
        for (const field of fields) this.#changed.add(field)
      },
    }
  }
}

/** The most fields of one report. Redis serves nobody else while it stores one. */
const MAX_FIELDS = 1_000
