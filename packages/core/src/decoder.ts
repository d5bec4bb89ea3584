import { createParser } from 'eventsource-parser'

/** What a decoder finds in the bytes. The hot path: nothing here may throw. */
export interface DecoderHandler {
  onEvent(type: string, data: string): void
  /** The last event ID at the end of a block, before the block's event. */
  onId(id: string): void
  onRetry(milliseconds: number): void
  readonly onComment: ((text: string) => void) | undefined
  /** A block of more than the limit; the decoder is done. */
  onOversize(): void
}

export interface Decoder {
  push(bytes: Uint8Array): void
  /** The connection is over: an unfinished block is dropped, yet its `retry` counts, as a line is interpreted when it ends. */
  end(): void
}

/**
 * Bytes of one response to events (HTML standard, 9.2.5 and 9.2.6).
 *
 * Only whole blocks reach the parser, and what is unfinished is held as bytes. That makes `maxEventSize` exact however
 * the bytes arrive, keeps memory to it (a parser that holds strings pays 32 bytes and more for each short line of a
 * hostile block), and spares the decoder the slow streaming mode: no character spans two blocks.
 */
export function createDecoder(handler: DecoderHandler, maxEventSize: number): Decoder {
  const text = new TextDecoder('utf-8', { ignoreBOM: true })
  const parser = createParser({
    onEvent: (event) => handler.onEvent(event.event ?? 'message', event.data),
    onId: (id) => handler.onId(id),
    onRetry: (retry) => handler.onRetry(retry),
    onComment: handler.onComment,
  })
  // The byte order mark is stripped below. The parser would also strip its three bytes where each was a character of the text.
  parser.feed('\n')

  let held = new Uint8Array(0)
  let heldLength = 0
  let started = false
  let oversize = false

  function push(bytes: Uint8Array): void {
    if (oversize || bytes.length === 0) return
    if (!started) {
      begin(bytes)
    } else if (heldLength === 0) {
      const end = lastUnitEnd(bytes, 0, bytes.length)
      take(bytes, end)
      if (end < bytes.length) hold(bytes, end)
    } else {
      const seen = heldLength
      hold(bytes, 0)
      const end = lastUnitEnd(held, seen, heldLength)
      if (end > 0) {
        take(held, end)
        if (oversize) return
        held.copyWithin(0, end, heldLength)
        heldLength -= end
        if (heldLength === 0 && held.length > keptCapacity) held = new Uint8Array(0)
      }
    }
    if (heldLength > maxEventSize) tooLarge()
  }

  /** Strips one byte order mark, which may come in pieces. */
  function begin(bytes: Uint8Array): void {
    hold(bytes, 0)
    const first = held.slice(0, heldLength)
    let matched = 0
    while (matched < 3 && first[matched] === byteOrderMark[matched]) matched++
    if (matched < 3 && matched === first.length) return
    started = true
    heldLength = 0
    push(matched === 3 ? first.subarray(3) : first)
  }

  function end(): void {
    if (oversize || heldLength === 0) return
    let lines = heldLength
    while (lines > 0 && !isLineEnd(held[lines - 1])) lines--
    feed(held, lines)
    heldLength = 0
  }

  /** Whole units from the start of `bytes` to `end`. */
  function take(bytes: Uint8Array, end: number): void {
    let fine = end <= maxEventSize ? end : 0
    while (fine < end) {
      const next = firstUnitEnd(bytes, fine, end)
      if (next - fine > maxEventSize) break
      fine = next
    }
    feed(bytes, fine)
    if (fine < end) tooLarge()
  }

  function feed(bytes: Uint8Array, end: number): void {
    if (end > 0) parser.feed(text.decode(end === bytes.length ? bytes : bytes.subarray(0, end)))
  }

  function hold(bytes: Uint8Array, from: number): void {
    if (oversize) return
    const length = heldLength + bytes.length - from
    if (length > held.length) {
      const larger = new Uint8Array(Math.max(1024, held.length * 2, length))
      larger.set(held.subarray(0, heldLength))
      held = larger
    }
    held.set(from === 0 ? bytes : bytes.subarray(from), heldLength)
    heldLength = length
  }

  function tooLarge(): void {
    if (oversize) return
    oversize = true
    held = new Uint8Array(0)
    heldLength = 0
    handler.onOversize()
  }

  return { push, end }
}

const keptCapacity = 65_536
const byteOrderMark: readonly number[] = [0xef, 0xbb, 0xbf]
const lineFeed = 10
const carriageReturn = 13
const colon = 58

/**
 * A unit is what may be parsed by itself: a block up to its empty line, or a comment line before the block's first field.
 * The latter, so that heartbeats are seen when they come and never add up to an oversized block.
 *
 * Finds where the last whole unit ends. `bytes` begins with a unit, and no unit ends before `seen`.
 */
function lastUnitEnd(bytes: Uint8Array, seen: number, length: number): number {
  let end = 0
  for (let i = length - 1; i >= seen; i--) {
    if (isLineEnd(bytes[i]) && endsEmptyLine(bytes, i)) {
      end = i + 1
      break
    }
  }
  while (bytes[end] === colon && end < length) {
    const next = lineEnd(bytes, Math.max(end, seen), length)
    if (next === -1) break
    end = next
  }
  return end
}

/** The same for the first unit from `start`, of which it is known that it ends before `length`. */
function firstUnitEnd(bytes: Uint8Array, start: number, length: number): number {
  let end = lineEnd(bytes, start, length)
  if (bytes[start] === colon || isLineEnd(bytes[start])) return end
  while (end < length && !isLineEnd(bytes[end])) end = lineEnd(bytes, end, length)
  return end < length ? lineEnd(bytes, end, length) : length
}

/** Whether the line end at `i` is that of an empty line. */
function endsEmptyLine(bytes: Uint8Array, i: number): boolean {
  const before = bytes[i] === lineFeed && bytes[i - 1] === carriageReturn ? i - 2 : i - 1
  return before < 0 || isLineEnd(bytes[before])
}

/** Where the line at `from` ends, after its line end; -1 where it is unfinished. */
function lineEnd(bytes: Uint8Array, from: number, length: number): number {
  for (let i = from; i < length; i++) {
    if (bytes[i] === lineFeed) return i + 1
    // A line feed that is still on its way is an empty unit of its own then, which the parser takes as part of this line end.
    if (bytes[i] === carriageReturn) return i + 1 < length && bytes[i + 1] === lineFeed ? i + 2 : i + 1
  }
  return -1
}

function isLineEnd(byte: number | undefined): boolean {
  return byte === lineFeed || byte === carriageReturn
}
