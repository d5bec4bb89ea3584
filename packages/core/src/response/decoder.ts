import { createParser, type EventSourceParser } from 'eventsource-parser'
import { createRetainedStrings } from './retained-strings.ts'
import { findLastSegmentEnd, findSegmentEnd } from './segments.ts'

/** Receives what a decoder finds. Its methods are on the hot path and must not throw. */
export interface DecoderHandler {
  onEvent(type: string, data: string): void
  /** The last event ID that a block sets. Called before the block's event, and also for a block without data. */
  onId(id: string): void
  onRetry(milliseconds: number): void
  readonly onComment: ((text: string) => void) | undefined
  /** The first bytes of the body, after a byte order mark. */
  readonly onStart?: ((bytes: Uint8Array) => void) | undefined
  /** A `retry` field that is not a number of milliseconds. */
  readonly onBadRetry?: (() => void) | undefined
  /** Every block before has been handled. Called after each parse, and before an event without an ID of its own. */
  readonly onParsed?: (() => void) | undefined
  /** An event is larger than the limit. The decoder stops. */
  onOversize(): void
}

export interface DecoderOptions {
  /** The event types to deliver. Undefined for all. */
  readonly types: ReadonlySet<string> | undefined
  /** The most bytes that an event may take on the wire. */
  readonly maxEventSize: number
}

/**
 * Decodes the bytes of one response to events (HTML standard, 9.2.5 and 9.2.6).
 *
 * Only complete segments are decoded and parsed. The rest is held as bytes, which makes the limit exact and bounds memory:
 * strings would cost 32 bytes and more for each short line of a hostile block. It also avoids the slow streaming mode of
 * `TextDecoder`, because no character spans two segments.
 *
 * Many servers send one event per chunk, and one read of the socket returns hundreds of them. Small pieces are gathered
 * until the turn ends: to parse them together takes half the time.
 */
export class Decoder {
  readonly #handler: DecoderHandler
  readonly #maxEventSize: number
  readonly #text = new TextDecoder('utf-8', { ignoreBOM: true })
  readonly #parser: EventSourceParser
  readonly #strings = createRetainedStrings()
  #held = new Uint8Array(0)
  #heldLength = 0
  /** The number of held bytes already scanned without finding a complete segment. */
  #scanned = 0
  #started = false
  #closed = false

  constructor(handler: DecoderHandler, { types, maxEventSize }: DecoderOptions) {
    this.#handler = handler
    this.#maxEventSize = maxEventSize
    const { onComment, onBadRetry, onParsed } = handler
    const strings = this.#strings
    let lastType = 'message'
    this.#parser = createParser({
      onEvent: ({ id, event = 'message', data }) => {
        strings.count()
        // Most events repeat the type of the one before. The same string makes comparisons fast.
        if (event !== lastType) lastType = strings.keepType(event)
        if (onParsed && id === undefined && !this.#closed) onParsed()
        if (!this.#closed && (types?.has(lastType) ?? true)) handler.onEvent(lastType, strings.keepData(data))
      },
      onId: (id) => this.#closed || handler.onId(strings.keep(id)),
      onRetry: (milliseconds) => this.#closed || handler.onRetry(milliseconds),
      ...(onBadRetry && { onError: ({ type }) => type === 'invalid-retry' && !this.#closed && onBadRetry() }),
      onComment: onComment && ((comment) => this.#closed || onComment(strings.keep(comment))),
    })
    // The parser strips a byte order mark from its first input only. The decoder strips the real one, from the bytes.
    this.#parser.feed('\n')
  }

  /** Takes a piece of the body. May delay its events to the end of this turn of the event loop. */
  push(bytes: Uint8Array): void {
    if (this.#closed) return
    if (!this.#started) {
      this.#start(bytes)
    } else if (this.#heldLength === 0 && bytes.length >= GATHER_UP_TO) {
      const end = findLastSegmentEnd(bytes, 0, bytes.length)
      this.#parseSegments(bytes, end)
      if (this.#closed) return
      this.#hold(bytes.subarray(end))
      this.#settle()
    } else {
      if (this.#heldLength === this.#scanned) queueMicrotask(() => this.flush())
      this.#hold(bytes)
      if (this.#heldLength - this.#scanned >= GATHER_UP_TO) this.flush()
    }
  }

  /** Parses the delayed pieces now. */
  flush(): void {
    if (this.#closed || this.#heldLength === this.#scanned) return
    const end = findLastSegmentEnd(this.#held, this.#scanned, this.#heldLength)
    if (end > 0) {
      this.#parseSegments(this.#held, end)
      if (this.#closed) return
      this.#held.copyWithin(0, end, this.#heldLength)
      this.#heldLength -= end
    }
    this.#settle()
  }

  /**
   * The response has ended: parses the delayed pieces. Returns whether an unfinished block is left. It is dropped, unless
   * `complete` is true: then it is read as if an empty line followed.
   */
  end(complete = false): boolean {
    this.flush()
    const rest = this.#text.decode(this.#held.subarray(0, this.#heldLength))
    const unfinished = PART_OF_EVENT.test(rest)
    // Only a `retry` line of a dropped block counts.
    if (!this.#closed) this.#parser.feed(complete && unfinished ? `${rest}\n\n` : rest)
    if (!this.#closed) this.#handler.onParsed?.()
    this.close()
    return unfinished
  }

  /** Stops at once, also from within the handler. */
  close(): void {
    this.#closed = true
    this.#held = new Uint8Array(0)
    this.#heldLength = this.#scanned = 0
  }

  /** Strips one byte order mark, which may arrive in pieces. */
  #start(bytes: Uint8Array): void {
    this.#hold(bytes)
    const first = this.#held.slice(0, this.#heldLength)
    const mismatch = BYTE_ORDER_MARK.findIndex((byte, i) => first[i] !== byte)
    if (mismatch === first.length) return
    this.#started = true
    this.#heldLength = 0
    const body = mismatch === -1 ? first.subarray(BYTE_ORDER_MARK.length) : first
    this.#handler.onStart?.(body)
    this.push(body)
  }

  /** Parses the complete segments up to `end`, or those before the first that is too large. */
  #parseSegments(bytes: Uint8Array, end: number): void {
    let acceptedEnd = end <= this.#maxEventSize ? end : 0
    while (acceptedEnd < end) {
      const next = findSegmentEnd(bytes, acceptedEnd, end)
      if (next - acceptedEnd > this.#maxEventSize) break
      acceptedEnd = next
    }
    this.#parse(bytes, acceptedEnd)
    if (acceptedEnd < end && !this.#closed) this.#rejectOversize()
  }

  #parse(bytes: Uint8Array, end: number): void {
    if (end === 0) return
    this.#parser.feed(this.#text.decode(end === bytes.length ? bytes : bytes.subarray(0, end)))
    this.#strings.measure(end)
    if (!this.#closed) this.#handler.onParsed?.()
  }

  #hold(bytes: Uint8Array): void {
    const length = this.#heldLength + bytes.length
    if (length > this.#held.length) {
      const larger = new Uint8Array(Math.max(1024, this.#held.length * 2, length))
      larger.set(this.#held.subarray(0, this.#heldLength))
      this.#held = larger
    }
    this.#held.set(bytes, this.#heldLength)
    this.#heldLength = length
  }

  /** Runs after each parse: checks the limit, and frees a buffer that has grown large. */
  #settle(): void {
    this.#scanned = this.#heldLength
    if (this.#heldLength > this.#maxEventSize) this.#rejectOversize()
    else if (this.#heldLength === 0 && this.#held.length > 4 * GATHER_UP_TO) this.#held = new Uint8Array(0)
  }

  #rejectOversize(): void {
    this.close()
    this.#handler.onOversize()
  }
}

/** Pieces of at least this many bytes are parsed at once. Smaller ones are gathered up to it. */
const GATHER_UP_TO = 16_384
const BYTE_ORDER_MARK: readonly number[] = [0xef, 0xbb, 0xbf]
/** A field of an event, or what may be the start of one. */
const PART_OF_EVENT = /(^|[\r\n])((data|event|id)([:\r\n]|$)|(d|da|dat|e|ev|eve|even|i)$)/
