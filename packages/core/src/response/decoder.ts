import type { DecoderHandler, DecoderOptions } from './decoder-handler.ts'
import { createEventParser, type EventParser } from './event-parser.ts'
import { findLastSegmentEnd, findSegmentEnd } from './segments.ts'

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
  readonly #onOversize: () => void
  readonly #text = new TextDecoder('utf-8', { ignoreBOM: true })
  readonly #parser: EventParser
  #held = new Uint8Array(0)
  #heldLength = 0
  /** The number of held bytes already scanned without finding a complete segment. */
  #scanned = 0
  #started = false
  #closed = false

  /** If an event is larger than the limit, the decoder stops and calls `onOversize`. */
  constructor(handler: DecoderHandler, options: DecoderOptions, onOversize: () => void) {
    this.#handler = handler
    this.#maxEventSize = options.maxEventSize
    this.#onOversize = onOversize
    this.#parser = createEventParser(handler, options)
  }

  /** Takes a piece of the body. May delay its events to the end of this turn of the event loop. */
  push(bytes: Uint8Array): void {
    if (this.#closed) return
    if (!this.#started) {
      this.#start(bytes)
    } else if (this.#heldLength === 0 && bytes.length >= GATHER_UP_TO) {
      this.#parse(bytes)
    } else {
      if (this.#heldLength === this.#scanned) queueMicrotask(() => this.flush())
      this.#hold(bytes)
      if (this.#heldLength - this.#scanned >= GATHER_UP_TO) this.flush()
    }
  }

  /** Parses the delayed pieces now. */
  flush(): void {
    if (this.#started && this.#heldLength > this.#scanned) {
      this.#parse(this.#held.subarray(0, this.#heldLength))
    }
  }

  /**
   * The response has ended: parses the delayed pieces. Returns whether an unfinished block is left. It is dropped, unless
   * `complete` is true: then it is read as if an empty line followed.
   */
  end(complete = false): boolean {
    this.#started = true
    this.flush()
    const rest = this.#text.decode(this.#held.subarray(0, this.#heldLength))
    const unfinished = PART_OF_EVENT.test(rest)
    // Only a `retry` line of a dropped block counts.
    if (!this.#closed) this.#parser.parse(complete && unfinished ? `${rest}\n\n` : rest, rest.length)
    this.close()
    return unfinished
  }

  /** Stops at once, also from within the handler. */
  close(): void {
    this.#closed = true
    this.#parser.stop()
    this.#held = new Uint8Array(0)
    this.#heldLength = this.#scanned = 0
  }

  /** Strips one byte order mark, which may arrive in pieces. */
  #start(bytes: Uint8Array): void {
    this.#hold(bytes)
    const [first, second, third] = this.#held
    if (this.#heldLength < (first === 0xef ? 3 : 1)) return
    const isMark = first === 0xef && second === 0xbb && third === 0xbf
    const body = this.#held.slice(isMark ? 3 : 0, this.#heldLength)
    this.#started = true
    this.#heldLength = 0
    this.#handler.onStart?.(body)
    this.push(body)
  }

  /** Parses the complete segments, or those before the first that is too large, and holds the rest. */
  #parse(bytes: Uint8Array): void {
    const end = findLastSegmentEnd(bytes, this.#scanned)
    let accepted = end <= this.#maxEventSize ? end : 0
    while (accepted < end) {
      const next = findSegmentEnd(bytes, accepted)
      if (next - accepted > this.#maxEventSize) break
      accepted = next
    }
    if (accepted > 0) this.#parser.parse(this.#text.decode(bytes.subarray(0, accepted)), accepted)
    if (this.#closed) return
    if (end > 0 || this.#heldLength === 0) {
      this.#heldLength = 0
      this.#hold(bytes.subarray(end))
    }
    this.#scanned = this.#heldLength
    if (accepted < end || this.#heldLength > this.#maxEventSize) {
      this.close()
      this.#onOversize()
    } else if (this.#heldLength === 0 && this.#held.length > 4 * GATHER_UP_TO) {
      // It has grown for a large event.
      this.#held = new Uint8Array(0)
    }
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
}

/** Pieces of at least this many bytes are parsed at once. Smaller ones are gathered up to it. */
const GATHER_UP_TO = 16_384
/** A field of an event, or what may be the start of one. */
const PART_OF_EVENT = /(^|[\r\n])((data|event|id)([:\r\n]|$)|(d|da|dat|e|ev|eve|even|i)$)/
