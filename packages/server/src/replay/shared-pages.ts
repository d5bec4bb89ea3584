import { isPromise, type MaybePromise } from '@rxsse/shared'
import { CATCH_UP_BYTES } from '../connection/connection.ts'
import type { CheckedLog } from '../log/checked-log.ts'
import type { LogEntry, LogPage, PageBounds } from '../log/event-log.ts'
import { encodeMessage } from '../wire/encode.ts'
import { type Frame, TextFrame } from '../wire/frame.ts'
import { RecentMap } from './recent-map.ts'

/** A part of the log as bytes, written at once. */
export interface Piece {
  readonly frame: Frame
  /** The offset of the last entry that it covers. */
  readonly end: number
  /** The id of the same. */
  readonly endId: string
}

/** Who sees which entries. */
export interface Audience {
  /** The same object for all who see the same. */
  readonly identity: object
  sees(entry: LogEntry): boolean
}

/**
 * What was read and encoded last, for all that resume. When a server comes back, its clients resume
 * from the same few ids, one after another. A piece ends where its entries are long enough, not with
 * a page, so all who reach its beginning share it, if they see the same entries of it.
 *
 * Only the middle of the log is shared: nothing that a client may hear of meanwhile is missing in it.
 */
export class SharedPages {
  readonly #log: CheckedLog
  readonly #pages = new RecentMap<LogPage>(MAX_PAGES, LIFETIME_MS)
  readonly #pieces = new RecentMap<SharedPiece>(MAX_BYTES, LIFETIME_MS, ({ frame }) => frame.chunk.length)
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
      if (this.#replays === 0) this.clear()
    }
  }

  /** The log has lost entries. */
  clear(): void {
    this.#pages.clear()
    this.#pieces.clear()
  }

  read(after: string | number, bounds: Required<PageBounds>): MaybePromise<LogPage> {
    const key = nameStart(after)
    const known = this.#pages.get(key)
    if (known !== undefined) return known
    const page = this.#log.since(after, bounds)
    return isPromise(page) ? page.then((ready) => this.#keep(key, ready)) : this.#keep(key, page)
  }

  /** The piece of an audience that begins there, if it has been encoded. */
  find(after: string | number, audience: Audience): Piece | undefined {
    const start = nameStart(after)
    for (let version = 0; version < MAX_VERSIONS; version++) {
      const piece = this.#pieces.get(`${start} ${version}`)
      if (piece === undefined) return undefined
      if (piece.isFor(audience)) return piece
    }
    return undefined
  }

  /**
   * The next piece of a page, or the offset to go on from if there is none. The end of a page in the
   * middle of the log is left to the next one if it is shorter than the piece that others would get.
   */
  encode(page: LogPage, after: string | number, audience: Audience, isFirst: boolean): Piece | number {
    const { more } = page
    const known = more ? this.find(after, audience) : undefined
    if (known !== undefined) return known
    const isNext = ({ offset }: LogEntry) => typeof after === 'string' || offset > after
    const start = page.entries.findIndex(isNext)
    const covered: LogEntry[] = []
    const seen: boolean[] = []
    let text = ''
    let messages = 0
    for (let n = start; n >= 0 && n < page.entries.length && text.length < CATCH_UP_BYTES; n++) {
      const entry = page.entries[n] as LogEntry
      const sees = audience.sees(entry)
      covered.push(entry)
      seen.push(sees)
      if (!sees) continue
      text += encodeMessage({ ...entry.message, id: entry.id })
      messages++
    }
    if (text === '') return typeof after === 'number' ? Math.max(after, page.end) : page.end
    const isWhole = text.length >= CATCH_UP_BYTES
    const isShared = more && this.#replays > 1
    if (isShared && !isWhole && !isFirst && typeof after === 'number') return after
    const piece = new SharedPiece(new TextFrame(text, messages), covered, seen)
    if (isShared && isWhole) this.#share(nameStart(after), piece)
    return piece
  }

  #share(start: string, piece: SharedPiece): void {
    for (let version = 0; version < MAX_VERSIONS; version++) {
      const key = `${start} ${version}`
      if (this.#pieces.get(key) !== undefined) continue
      this.#pieces.set(key, piece)
      return
    }
  }

  #keep(key: string, page: LogPage): LogPage {
    if (page.more && page.gap === undefined && this.#replays > 1) this.#pages.set(key, page)
    return page
  }
}

const MAX_PAGES = 8
const MAX_BYTES = 8_388_608

/** Pieces with the same beginning, for those who see different entries of it. */
const MAX_VERSIONS = 4

/** Short, because the log may delete the entries meanwhile. */
const LIFETIME_MS = 30_000

/** An id and an offset may be the same digits. */
function nameStart(after: string | number): string {
  return `${typeof after} ${after}`
}

class SharedPiece implements Piece {
  readonly frame: Frame
  readonly end: number
  readonly endId: string
  readonly #entries: readonly LogEntry[]
  readonly #seen: readonly boolean[]
  /** Those who see just these entries. */
  readonly #audiences = new WeakSet<object>()

  constructor(frame: Frame, entries: readonly LogEntry[], seen: readonly boolean[]) {
    this.frame = frame
    this.end = Number(entries.at(-1)?.offset)
    this.endId = String(entries.at(-1)?.id)
    this.#entries = entries
    this.#seen = seen
  }

  isFor({ identity, sees }: Audience): boolean {
    if (this.#audiences.has(identity)) return true
    if (!this.#entries.every((entry, n) => sees(entry) === this.#seen[n])) return false
    this.#audiences.add(identity)
    return true
  }
}
