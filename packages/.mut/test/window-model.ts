/** An event of the models: when it happened, whose it is, and which one it is. */
export interface Stamped {
  readonly at: number
  readonly key: string
  readonly id: number
}

export interface ModelResult {
  readonly key: string
  readonly window: { readonly start: number; readonly end: number }
  /** The ids of the window's events in event time, equals in the order of arrival. */
  readonly value: readonly number[]
  readonly pane: string
  readonly revision: number
  /** The earlier results of a session that it contains, by their windows. */
  readonly replaces?: readonly { readonly start: number; readonly end: number }[]
}

export interface ModelOptions {
  readonly maxOutOfOrderness: number
  readonly allowedLateness: number
}

interface Window {
  readonly key: string
  readonly start: number
  readonly end: number
  readonly events: Stamped[]
  fired: boolean
  changed: boolean
  revisions: number
}

/**
 * Windows that start at regular intervals, the slow way: every event is put into every window that contains its
 * timestamp, and nothing is ever forgotten.
 */
export class AlignedModel {
  readonly late: Stamped[] = []
  readonly outside: Stamped[] = []
  readonly windows: Window[] = []
  readonly #spec: { readonly size: number; readonly every: number; readonly offset: number }
  readonly #options: ModelOptions
  #watermark = Number.NEGATIVE_INFINITY

  constructor(
    spec: { readonly size: number; readonly every: number; readonly offset: number },
    options: ModelOptions,
  ) {
    this.#spec = spec
    this.#options = options
  }

  push(event: Stamped): ModelResult[] {
    const results: ModelResult[] = []
    const starts = this.#startsAround(event.at)
    const open = starts.filter(
      (start) => start + this.#spec.size + this.#options.allowedLateness > this.#watermark,
    )
    if (starts.length === 0) this.outside.push(event)
    else if (open.length === 0) this.late.push(event)
    for (const start of open) {
      const window = this.#window(event.key, start)
      window.events.push(event)
      window.changed = true
      if (window.end <= this.#watermark) {
        window.fired = true
        results.push(emitted(window, 'late'))
      }
    }
    this.#watermark = Math.max(this.#watermark, event.at - this.#options.maxOutOfOrderness)
    return [...results, ...this.#fire(this.#watermark, 'on-time')]
  }

  /** Every window that is open and has changed since its last early result. */
  early(): ModelResult[] {
    const open = this.windows.filter((w) => !w.fired && w.changed && w.end > this.#watermark)
    return open
      .sort((a, b) => a.end - b.end)
      .map((window) => {
        window.changed = false
        return emitted(window, 'early')
      })
  }

  complete(): ModelResult[] {
    return this.#fire(Number.POSITIVE_INFINITY, 'flush')
  }

  #startsAround(timestamp: number): number[] {
    const { size, every, offset } = this.#spec
    const starts: number[] = []
    let start = Math.floor((timestamp - offset) / every) * every + offset + every
    for (; start + size > timestamp; start -= every) if (start <= timestamp) starts.unshift(start)
    return starts
  }

  #window(key: string, start: number): Window {
    const found = this.windows.find((w) => w.key === key && w.start === start)
    if (found !== undefined) return found
    const window = {
      key,
      start,
      end: start + this.#spec.size,
      events: [],
      fired: false,
      changed: false,
      revisions: 0,
    }
    this.windows.push(window)
    return window
  }

  #fire(watermark: number, pane: string): ModelResult[] {
    const due = this.windows.filter((w) => !w.fired && w.end <= watermark).sort((a, b) => a.end - b.end)
    return due.map((window) => {
      window.fired = true
      return emitted(window, pane)
    })
  }
}

function emitted(window: Window, pane: string): ModelResult {
  const { key, start, end } = window
  const value = window.events.toSorted((a, b) => a.at - b.at).map((event) => event.id)
  return { key, window: { start, end }, value, pane, revision: window.revisions++ }
}

/**
 * Sessions, the slow way: after each event, every key's events that are not late are cut anew, wherever two
 * neighbours are more than the gap apart.
 */
export class SessionModel {
  readonly late: Stamped[] = []
  readonly #gap: number
  readonly #options: ModelOptions
  readonly #kept = new Map<string, Stamped[]>()
  /** How often a session with this event has given a result. */
  readonly #results = new Map<Stamped, number>()
  readonly #settled = new Set<Stamped>()
  /** The window of the last result with this event. */
  readonly #windows = new Map<Stamped, ModelResult['window']>()
  #watermark = Number.NEGATIVE_INFINITY

  constructor(gap: number, options: ModelOptions) {
    this.#gap = gap
    this.#options = options
  }

  get buffered(): number {
    return [...this.#kept.values()].flat().filter((event) => !this.#settled.has(event)).length
  }

  push(event: Stamped): ModelResult[] {
    const results: ModelResult[] = []
    const kept = this.#kept.get(event.key) ?? []
    const together = this.#cut([...kept, event]).find((session) => session.includes(event)) ?? []
    if (this.#endOf(together) + this.#options.allowedLateness < this.#watermark) this.late.push(event)
    else {
      kept.push(event)
      this.#kept.set(event.key, kept)
      if (this.#endOf(together) < this.#watermark) results.push(this.#emitted(together, 'late'))
    }
    this.#watermark = Math.max(this.#watermark, event.at - this.#options.maxOutOfOrderness)
    results.push(...this.#fire(this.#watermark, 'on-time'))
    for (const [key, events] of this.#kept) {
      const sessions = this.#cut(events).filter(
        (s) => this.#endOf(s) + this.#options.allowedLateness >= this.#watermark,
      )
      this.#kept.set(key, sessions.flat())
    }
    return results
  }

  complete(): ModelResult[] {
    return this.#fire(Number.POSITIVE_INFINITY, 'flush')
  }

  #fire(watermark: number, pane: string): ModelResult[] {
    return [...this.#kept.values()]
      .flatMap((events) => this.#cut(events))
      .filter(
        (session) => this.#endOf(session) < watermark && session.some((event) => !this.#settled.has(event)),
      )
      .sort((a, b) => this.#endOf(a) - this.#endOf(b))
      .map((session) => this.#emitted(session, pane))
  }

  /** In event time, equals in the order of arrival. */
  #cut(events: readonly Stamped[]): Stamped[][] {
    const sessions: Stamped[][] = []
    for (const event of events.toSorted((a, b) => a.at - b.at || a.id - b.id)) {
      const session = sessions.at(-1)
      const before = session?.at(-1)
      if (session !== undefined && before !== undefined && event.at - before.at <= this.#gap)
        session.push(event)
      else sessions.push([event])
    }
    return sessions
  }

  #endOf(session: readonly Stamped[]): number {
    return (session.at(-1)?.at ?? Number.NaN) + this.#gap
  }

  #emitted(session: readonly Stamped[], pane: string): ModelResult {
    const revision = Math.max(...session.map((event) => this.#results.get(event) ?? 0))
    for (const event of session) {
      this.#results.set(event, revision + 1)
      this.#settled.add(event)
    }
    const [first] = session
    if (first === undefined) throw new RangeError('an empty session')
    const { key } = first
    const window = { start: first.at, end: this.#endOf(session) }
    const former = new Set(session.flatMap((event) => this.#windows.get(event) ?? []))
    const replaces = [...former].filter(({ start, end }) => start !== window.start || end !== window.end)
    for (const event of session) this.#windows.set(event, window)
    const value = session.map((event) => event.id)
    return { key, window, value, pane, revision, ...(replaces.length > 0 && { replaces }) }
  }
}
