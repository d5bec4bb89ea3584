import { createParser } from 'eventsource-parser'
import { findLastSegmentEnd, findSegmentEnd } from './segments.ts'

/** Receives what a decoder finds. Its methods are on the hot path and must not throw. */
export interface DecoderHandler {
  onEvent(type: string, data: string): void
  /** The last event ID that a block sets. Called before the block's event, and also for a block without data. */
  onId(id: string): void
  onRetry(milliseconds: number): void
  readonly onComment: ((text: string) => void) | undefined
  /** An event is larger than the limit. The decoder stops. */
  onOversize(): void
}

export interface DecoderOptions {
  /** The event types to deliver. Undefined for all. */
  readonly types: ReadonlySet<string> | undefined
  /** The most bytes that an event may take on the wire. */
  readonly maxEventSize: number
}

export interface Decoder {
  /** Takes a piece of the body. May delay its events to the end of this turn of the event loop. */
  push(bytes: Uint8Array): void
  /** Parses the delayed pieces now. */
  flush(): void
  /** The response has ended: parses the delayed pieces and drops the unfinished block. */
  end(): void
  /** Stops the decoder at once, also from within the handler. */
  close(): void
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
export function createDecoder(handler: DecoderHandler, { types, maxEventSize }: DecoderOptions): Decoder {
  const text = new TextDecoder('utf-8', { ignoreBOM: true })
  const { onComment } = handler
  let lastType = 'message'
  const parser = createParser({
    onEvent({ event = 'message', data }) {
      // Most events repeat the type of the one before. The same string makes comparisons fast.
      if (event !== lastType) lastType = event
      if (!closed && (types?.has(lastType) ?? true)) handler.onEvent(lastType, data)
    },
    onId: (id) => closed || handler.onId(id),
    onRetry: (milliseconds) => closed || handler.onRetry(milliseconds),
    onComment: onComment && ((comment) => closed || onComment(comment)),
  })
  // The parser strips a byte order mark from its first input. The decoder has already stripped the only one.
  parser.feed('\n')

  let held = new Uint8Array(0)
  let heldLength = 0
  /** The number of held bytes already scanned without finding a complete segment. */
  let scanned = 0
  let started = false
  let closed = false

  function push(bytes: Uint8Array): void {
    if (closed) return
    if (!started) {
      start(bytes)
    } else if (heldLength === 0 && bytes.length >= GATHER_UP_TO) {
      const end = findLastSegmentEnd(bytes, 0, bytes.length)
      parseSegments(bytes, end)
      if (closed) return
      hold(bytes.subarray(end))
      settle()
    } else {
      if (heldLength === scanned) queueMicrotask(flush)
      hold(bytes)
      if (heldLength - scanned >= GATHER_UP_TO) flush()
    }
  }

  function flush(): void {
    if (closed || heldLength === scanned) return
    const end = findLastSegmentEnd(held, scanned, heldLength)
    if (end > 0) {
      parseSegments(held, end)
      if (closed) return
      held.copyWithin(0, end, heldLength)
      heldLength -= end
    }
    settle()
  }

  function end(): void {
    flush()
    if (!closed) parse(held, heldLength)
    close()
  }

  function close(): void {
    closed = true
    held = new Uint8Array(0)
    heldLength = scanned = 0
  }

  /** Strips one byte order mark, which may arrive in pieces. */
  function start(bytes: Uint8Array): void {
    hold(bytes)
    const first = held.subarray(0, heldLength)
    const mismatch = BYTE_ORDER_MARK.findIndex((byte, i) => first[i] !== byte)
    if (mismatch === heldLength) return
    started = true
    heldLength = 0
    push(first.slice(mismatch === -1 ? BYTE_ORDER_MARK.length : 0))
  }

  /** Parses the complete segments up to `end`, or those before the first that is too large. */
  function parseSegments(bytes: Uint8Array, end: number): void {
    let acceptedEnd = end <= maxEventSize ? end : 0
    while (acceptedEnd < end) {
      const next = findSegmentEnd(bytes, acceptedEnd, end)
      if (next - acceptedEnd > maxEventSize) break
      acceptedEnd = next
    }
    parse(bytes, acceptedEnd)
    if (acceptedEnd < end && !closed) rejectOversize()
  }

  function parse(bytes: Uint8Array, end: number): void {
    if (end > 0) parser.feed(text.decode(end === bytes.length ? bytes : bytes.subarray(0, end)))
  }

  function hold(bytes: Uint8Array): void {
    const length = heldLength + bytes.length
    if (length > held.length) {
      const larger = new Uint8Array(Math.max(1024, held.length * 2, length))
      larger.set(held.subarray(0, heldLength))
      held = larger
    }
    held.set(bytes, heldLength)
    heldLength = length
  }

  /** Runs after each parse: checks the limit, and frees a buffer that has grown large. */
  function settle(): void {
    scanned = heldLength
    if (heldLength > maxEventSize) rejectOversize()
    else if (heldLength === 0 && held.length > 4 * GATHER_UP_TO) held = new Uint8Array(0)
  }

  function rejectOversize(): void {
    close()
    handler.onOversize()
  }

  return { push, flush, end, close }
}

/** Pieces of at least this many bytes are parsed at once. Smaller ones are gathered up to it. */
const GATHER_UP_TO = 16_384
const BYTE_ORDER_MARK: readonly number[] = [0xef, 0xbb, 0xbf]
