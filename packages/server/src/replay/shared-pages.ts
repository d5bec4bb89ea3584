import { isPromise, type MaybePromise } from '@rxsse/shared'
import { CATCH_UP_BYTES } from '../connection/connection.ts'
import type { CheckedLog } from '../log/checked-log.ts'
import type { LogEntry, LogPage, PageBounds } from '../log/event-log.ts'
import { encodeMessage } from '../wire/encode.ts'
import { type Frame, TextFrame } from '../wire/frame.ts'

/**
 * The pages of a log for all that resume. When a server comes back, its clients resume from the
 * same few ids, one after another, so they share the pages that were read last, and their bytes.
 *
 * Only pages in the middle of the log are shared: nothing that a client may hear of meanwhile is
 * missing in them.
 */
export class SharedPages {
  readonly #log: CheckedLog
  readonly #pages = new Map<string, { readonly page: ReplayPage; readonly time: number }>()
  #replays = 0

  constructor(log: CheckedLog) {
    this.#log = log
  }

  /** A replay begins. Returns a function to call at its end: without replays, nothing is kept. */
  begin(): () => void {
    let ended = false
    this.#replays++
    return () => {
      if (ended) return
      ended = true
      this.#replays--
      if (this.#replays === 0) this.#pages.clear()
    }
  }

  read(after: string | number, bounds: Required<PageBounds>): MaybePromise<ReplayPage> {
    const key = `${bounds.maxBytes} ${typeof after} ${after}`
    const known = this.#pages.get(key)
    if (known !== undefined && performance.now() - known.time < LIFETIME_MS) return known.page
    const page = this.#log.since(after, bounds)
    return isPromise(page) ? page.then((ready) => this.#keep(key, ready)) : this.#keep(key, page)
  }

  #keep(key: string, content: LogPage): ReplayPage {
    const page = new ReplayPage(content)
    if (!content.more || content.gap !== undefined || this.#replays < 2) return page
    this.#pages.delete(key)
    this.#pages.set(key, { page, time: performance.now() })
    for (const oldest of this.#pages.keys()) {
      if (this.#pages.size <= MAX_PAGES) break
      this.#pages.delete(oldest)
    }
    return page
  }
}

const MAX_PAGES = 8

/** Short, because the log may delete the entries meanwhile. */
const LIFETIME_MS = 1_000

/** A page of the log, and its bytes for those who see the same entries of it. */
export class ReplayPage {
  readonly content: LogPage
  readonly #pieces = new Map<object, Pieces>()

  constructor(content: LogPage) {
    this.content = content
  }

  /** The entries that `audience` sees. The pieces of a few audiences are shared. */
  getPieces(audience: object, sees: (entry: LogEntry) => boolean): Pieces {
    const known = this.#pieces.get(audience)
    if (known !== undefined) return known
    const pieces = new Pieces(this.content.entries, sees)
    if (this.#pieces.size < MAX_AUDIENCES) this.#pieces.set(audience, pieces)
    return pieces
  }
}

const MAX_AUDIENCES = 4

/** A part of a page that is written at once. */
export interface Piece {
  readonly frame: Frame
  /** The offset of the last entry that it covers. */
  readonly end: number
}

/** A page's entries as bytes, encoded when they are needed. */
export class Pieces {
  readonly #entries: readonly LogEntry[]
  readonly #sees: (entry: LogEntry) => boolean
  readonly #pieces: Piece[] = []
  #next = 0

  constructor(entries: readonly LogEntry[], sees: (entry: LogEntry) => boolean) {
    this.#entries = entries
    this.#sees = sees
  }

  /** Undefined if there is nothing more to send. */
  get(index: number): Piece | undefined {
    if (index === this.#pieces.length) {
      const piece = this.#encodeNext()
      if (piece !== undefined) this.#pieces.push(piece)
    }
    return this.#pieces[index]
  }

  #encodeNext(): Piece | undefined {
    let text = ''
    let messages = 0
    let end = 0
    for (; this.#next < this.#entries.length && text.length < CATCH_UP_BYTES; this.#next++) {
      const entry = this.#entries[this.#next] as LogEntry
      end = entry.offset
      if (!this.#sees(entry)) continue
      text += encodeMessage({ ...entry.message, id: entry.id })
      messages++
    }
    return text === '' ? undefined : { frame: new TextFrame(text, messages), end }
  }
}
