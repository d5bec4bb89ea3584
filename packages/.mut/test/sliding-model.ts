import type { ModelOptions, ModelResult, Stamped } from './window-model.ts'

/** Windows `(at - size, at]`, the slow way: every event is kept, and every window is filled from all of them. */
export class SlidingModel {
  readonly late: Stamped[] = []
  readonly #size: number
  readonly #options: ModelOptions
  readonly #fired: Stamped[] = []
  #waiting: Stamped[] = []
  readonly #revisions = new Map<string, number>()
  #watermark = Number.NEGATIVE_INFINITY

  constructor(size: number, options: ModelOptions) {
    this.#size = size
    this.#options = options
  }

  get buffered(): number {
    return this.#waiting.length
  }

  push(event: Stamped): ModelResult[] {
    const results: ModelResult[] = []
    if (event.at + this.#options.allowedLateness < this.#watermark) this.late.push(event)
    else if (event.at < this.#watermark) {
      this.#fired.push(event)
      const ends = this.#fired
        .filter(({ key, at }) => key === event.key && at >= event.at && at - this.#size < event.at)
        .map(({ at }) => at)
      for (const end of [...new Set(ends)].sort((a, b) => a - b))
        results.push(this.#emitted(event.key, end, 'late'))
    } else this.#waiting.push(event)
    this.#watermark = Math.max(this.#watermark, event.at - this.#options.maxOutOfOrderness)
    return [...results, ...this.#fire(this.#watermark, 'on-time')]
  }

  complete(): ModelResult[] {
    return this.#fire(Number.POSITIVE_INFINITY, 'flush')
  }

  #fire(watermark: number, pane: string): ModelResult[] {
    const due = this.#waiting.filter(({ at }) => at <= watermark).sort((a, b) => a.at - b.at)
    this.#waiting = this.#waiting.filter(({ at }) => at > watermark)
    return due.map((event) => {
      this.#fired.push(event)
      return this.#emitted(event.key, event.at, pane)
    })
  }

  #emitted(key: string, end: number, pane: string): ModelResult {
    const inside = this.#fired.filter((e) => e.key === key && e.at > end - this.#size && e.at <= end)
    const id = `${key} ${end}`
    const revision = this.#revisions.get(id) ?? 0
    this.#revisions.set(id, revision + 1)
    return {
      key,
      window: { start: end - this.#size, end },
      value: inside.toSorted((a, b) => a.at - b.at || a.id - b.id).map((e) => e.id),
      pane,
      revision,
    }
  }
}
