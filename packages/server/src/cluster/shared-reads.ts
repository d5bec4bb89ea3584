import type { LogPage, PageBounds } from '../log/event-log.ts'

/** Asks the primary. Calls `settled` as the answer is read, before what follows it on the channel. */
type Ask = (after: string | number, bounds: PageBounds, settled: () => void) => Promise<LogPage>

/**
 * Reads of the log, a few at a time. When a worker has died, thousands of clients resume at
 * another one from the same few ids: they share an answer.
 *
 * A read is shared only until something goes live: whoever asks after that has to find it in the page.
 */
export class SharedReads {
  readonly #ask: Ask
  readonly #reading = new Map<string, Promise<LogPage>>()
  readonly #waiting: (() => void)[] = []
  #running = 0

  constructor(ask: Ask) {
    this.#ask = ask
  }

  read(after: string | number, bounds: PageBounds): Promise<LogPage> {
    const key = `${typeof after} ${bounds.limit} ${bounds.maxBytes} ${after}`
    const same = this.#reading.get(key)
    if (same !== undefined) return same
    const page = new Promise<LogPage>((resolve, reject) => {
      const settled = () => {
        if (this.#reading.get(key) === page) this.#reading.delete(key)
        this.#running--
        queueMicrotask(() => this.#next())
      }
      this.#waiting.push(() => {
        this.#running++
        this.#ask(after, bounds, settled).then(resolve, reject)
      })
    })
    this.#reading.set(key, page)
    this.#next()
    return page
  }

  /** Something went live. Pages that were asked for before may lack it. */
  stopSharing(): void {
    this.#reading.clear()
  }

  #next(): void {
    if (this.#running < MOST_AT_ONCE) this.#waiting.shift()?.()
  }
}

/** A page has up to 256 KiB, and holds up what comes after it. */
const MOST_AT_ONCE = 16
