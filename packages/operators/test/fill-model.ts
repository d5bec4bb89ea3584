import type { ModelOptions, ModelResult, Stamped } from './window-model.ts'

export interface FilledResult extends ModelResult {
  readonly empty?: true
}

type Value = readonly number[]

interface Window {
  readonly key: string
  readonly start: number
  readonly events: Stamped[]
  fired: boolean
  revisions: number
}

/** A key whose windows are all given, from its first one on. */
interface Series {
  next: number
  emptyInARow: number
  previous: Value
}

/** Windows that start at regular intervals, of which empty ones have results too, one window at a time. */
export class FillModel {
  readonly forgotten: string[] = []
  readonly #windows = new Map<string, Window>()
  readonly #series = new Map<string, Series>()
  readonly #spec: { readonly size: number; readonly every: number }
  readonly #options: ModelOptions & { readonly limit: number; readonly fill: (previous: Value) => Value }
  #watermark = Number.NEGATIVE_INFINITY

  constructor(
    spec: { readonly size: number; readonly every: number },
    options: ModelOptions & { readonly limit: number; readonly fill: (previous: Value) => Value },
  ) {
    this.#spec = spec
    this.#options = options
  }

  push(event: Stamped): FilledResult[] {
    const { size, every } = this.#spec
    const results: FilledResult[] = []
    for (let start = Math.floor(event.at / every) * every; start + size > event.at; start -= every) {
      if (start + size + this.#options.allowedLateness <= this.#watermark) continue
      const window = this.#window(event.key, start)
      window.events.push(event)
      if (start + size > this.#watermark) continue
      window.fired = true
      results.push(this.#emitted(window, 'late'))
    }
    this.#goOnAfterLate(event.key, results)
    this.#watermark = Math.max(this.#watermark, event.at - this.#options.maxOutOfOrderness)
    return [...results, ...this.#fire('on-time')]
  }

  /** The windows of a key go on after the newest one that has had a result. */
  #goOnAfterLate(key: string, late: readonly FilledResult[]): void {
    const [newest] = late
    if (newest === undefined) return
    const next = newest.window.start + this.#spec.every
    const series = this.#series.get(key)
    const hasLater = [...this.#windows.values()].some(
      (window) => window.key === key && window.fired && window.start >= next,
    )
    if (series === undefined ? hasLater : next < series.next) return
    this.#series.set(key, { next, emptyInARow: 0, previous: newest.value })
  }

  complete(): FilledResult[] {
    return this.#fire('flush')
  }

  #fire(pane: string): FilledResult[] {
    const keys = new Set([...this.#windows.values()].map(({ key }) => key))
    return [...keys].flatMap((key) => this.#fireKey(key, pane))
  }

  #fireKey(key: string, pane: string): FilledResult[] {
    const { size, every } = this.#spec
    const results: FilledResult[] = []
    for (;;) {
      const series = this.#series.get(key)
      const withEvents = this.#nextWithEvents(key)
      const start = series?.next ?? withEvents
      const isDue =
        pane === 'flush' ? withEvents !== undefined : start !== undefined && start + size <= this.#watermark
      if (start === undefined || !isDue) return results
      const window = this.#window(key, start)
      const isEmpty = window.events.length === 0
      window.fired = true
      const result = isEmpty
        ? { ...this.#emitted(window, pane, this.#options.fill(series?.previous ?? [])), empty: true as const }
        : this.#emitted(window, pane)
      results.push(result)
      const emptyInARow = isEmpty ? (series?.emptyInARow ?? 0) + 1 : 0
      this.#series.set(key, { next: start + every, emptyInARow, previous: result.value })
      if (emptyInARow >= this.#options.limit && this.#nextWithEvents(key) !== start + every) {
        this.#series.delete(key)
        this.forgotten.push(key)
      }
    }
  }

  #nextWithEvents(key: string): number | undefined {
    const starts = [...this.#windows.values()]
      .filter((window) => window.key === key && !window.fired && window.events.length > 0)
      .map(({ start }) => start)
    return starts.length === 0 ? undefined : Math.min(...starts)
  }

  #window(key: string, start: number): Window {
    const id = `${key} ${start}`
    const window = this.#windows.get(id) ?? { key, start, events: [], fired: false, revisions: 0 }
    this.#windows.set(id, window)
    return window
  }

  #emitted(
    window: Window,
    pane: string,
    value: Value = window.events.toSorted((a, b) => a.at - b.at).map((event) => event.id),
  ): FilledResult {
    const { key, start } = window
    return {
      key,
      window: { start, end: start + this.#spec.size },
      value,
      pane,
      revision: window.revisions++,
    }
  }
}
