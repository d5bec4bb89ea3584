import { CATCH_UP_BYTES } from '../connection/connection.ts'
import type { LogEntry } from '../log/event-log.ts'
import type { Target } from '../sink/message.ts'
import { encodeMessage } from '../wire/encode.ts'
import { type EncodedEvent, type Frame, TextFrame } from '../wire/frame.ts'

/** Who sees which entries. Those with the same key see the same. */
export interface Viewer {
  readonly key: string
  sees(topic: string, target: Target): boolean
}

/** What was delivered after a view was made. */
export interface Later {
  readonly entry: LogEntry
  readonly event: EncodedEvent | undefined
}

/** A part of a view as bytes. */
export interface ViewPiece {
  readonly frame: Frame
  /** The index of the entry after it. */
  readonly next: number
}

/** What newcomers of one group get: the latest entries at one moment, and what came since. */
export class LatestView {
  readonly number: number = views++
  readonly entries: readonly LogEntry[]
  /** The offset that delivery had reached at that moment. */
  readonly offset: number
  #later: Later[] | undefined = []
  #laterBytes = 0
  #users = 0
  #wants: ((entry: LogEntry) => boolean) | undefined

  constructor(entries: readonly LogEntry[], offset: number) {
    this.entries = entries
    this.offset = offset
  }

  /** Undefined if it is not known any more. The log has it. */
  get later(): readonly Later[] | undefined {
    return this.#later
  }

  acquire(): this {
    this.#users++
    return this
  }

  /** Returns whether nobody uses the view any more. */
  release(): boolean {
    this.#users--
    return this.#users === 0
  }

  hear(entry: LogEntry, event: EncodedEvent | undefined): void {
    if (this.#later === undefined) return
    this.#later.push({ entry, event })
    this.#laterBytes += entry.message.data.length
    if (this.#later.length > MAX_LATER || this.#laterBytes > MAX_LATER_BYTES) this.lose()
  }

  /** What comes from now on must be read from the log. */
  lose(): void {
    this.#later = undefined
  }

  /** Whether an entry is of this view, or came after it. It does not hold the messages. */
  get wants(): (entry: LogEntry) => boolean {
    this.#wants ??= createWants(
      Float64Array.from(this.entries, ({ offset }) => offset),
      this.offset,
    )
    return this.#wants
  }

  /** The piece from an entry on. */
  encode(from: number): ViewPiece {
    let text = ''
    let next = from
    while (next < this.entries.length && text.length < CATCH_UP_BYTES) {
      const { message, id } = this.entries[next++] as LogEntry
      text += encodeMessage({ ...message, id })
    }
    return { frame: new TextFrame(text, next - from), next }
  }
}

/** The offsets grow. */
function createWants(offsets: Float64Array, last: number): (entry: LogEntry) => boolean {
  return ({ offset }) => {
    if (offset > last) return true
    let low = 0
    let high = offsets.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((offsets[middle] as number) < offset) low = middle + 1
      else high = middle
    }
    return offsets[low] === offset
  }
}

let views = 0

const MAX_LATER = 256
const MAX_LATER_BYTES = 65_536
