import { type BlockHandler, createInterpreter } from './interpret.ts'

export interface DecoderHandler extends BlockHandler {
  /** An event of more than the limit; the decoder is done. */
  onOversize(): void
}

export interface DecoderOptions {
  /** The events to tell of; undefined for all. */
  readonly types: ReadonlySet<string> | undefined
  /** Bytes an event may take on the wire. */
  readonly maxEventSize: number
}

export interface Decoder {
  /** Takes a piece of the body, and may put off what is in it to the end of this turn of the event loop. */
  push(bytes: Uint8Array): void
  /** Interprets now what was put off. */
  flush(): void
  /** The connection is over: an unfinished block is dropped. */
  end(): void
}

/**
 * Bytes of one response to events (HTML standard, 9.2.5 and 9.2.6).
 *
 * Only whole blocks are decoded and interpreted, and what is unfinished is held as bytes. That makes the limit exact however the
 * bytes arrive, and memory no more than it (strings would cost 32 bytes and more for each short line of a hostile block). It spares
 * the slow streaming mode of TextDecoder, as no character spans two blocks, and leaves the interpreter without state.
 *
 * Servers send an event a chunk, and one read of the socket brings hundreds of those. Small pieces are gathered until the turn is over:
 * to decode and interpret them together costs half of what they cost one by one.
 */
export function createDecoder(handler: DecoderHandler, { types, maxEventSize }: DecoderOptions): Decoder {
  const text = new TextDecoder('utf-8', { ignoreBOM: true })
  const interpret = createInterpreter(handler, types)
  let held = new Uint8Array(0)
  let heldLength = 0
  /** How much of what is held is known to have no whole unit in it. */
  let seen = 0
  let started = false
  let oversize = false

  function push(bytes: Uint8Array): void {
    if (oversize) return
    if (!started) {
      begin(bytes)
    } else if (heldLength === 0 && bytes.length >= worthwhile) {
      const end = lastUnitEnd(bytes, 0, bytes.length)
      take(bytes, end)
      hold(bytes.subarray(end))
      settle()
    } else {
      if (heldLength === seen) queueMicrotask(flush)
      hold(bytes)
      if (heldLength - seen >= worthwhile) flush()
    }
  }

  function flush(): void {
    if (heldLength === seen) return
    const end = lastUnitEnd(held, seen, heldLength)
    if (end > 0) {
      take(held, end)
      if (oversize) return
      held.copyWithin(0, end, heldLength)
      heldLength -= end
    }
    settle()
  }

  function settle(): void {
    seen = heldLength
    if (heldLength > maxEventSize) tooLarge()
    else if (heldLength === 0 && held.length > 4 * worthwhile) held = new Uint8Array(0)
  }

  /** Strips one byte order mark, which may come in pieces. */
  function begin(bytes: Uint8Array): void {
    hold(bytes)
    let matched = 0
    while (matched < heldLength && held[matched] === byteOrderMark[matched]) matched++
    if (matched < 3 && matched === heldLength) return
    started = true
    const rest = held.slice(matched === 3 ? 3 : 0, heldLength)
    heldLength = 0
    push(rest)
  }

  function end(): void {
    flush()
    feed(held, heldLength)
    heldLength = seen = 0
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
    if (end > 0) interpret(text.decode(end === bytes.length ? bytes : bytes.subarray(0, end)))
  }

  function hold(bytes: Uint8Array): void {
    if (oversize) return
    const length = heldLength + bytes.length
    if (length > held.length) {
      const larger = new Uint8Array(Math.max(1024, held.length * 2, length))
      larger.set(held.subarray(0, heldLength))
      held = larger
    }
    held.set(bytes, heldLength)
    heldLength = length
  }

  function tooLarge(): void {
    oversize = true
    heldLength = seen = 0
    handler.onOversize()
  }

  return { push, flush, end }
}

/** So many bytes are not put off; four times as many are kept room for. */
const worthwhile = 16_384
const byteOrderMark: readonly number[] = [0xef, 0xbb, 0xbf]
const lineFeed = 10
const carriageReturn = 13
const colon = 58

/**
 * A unit is what may be interpreted by itself: a block up to its empty line, or a comment line before the block's first field. The
 * latter, so that heartbeats are seen when they come and never add up to an oversized block. Where a carriage return ends a unit,
 * the line feed that may follow is an empty line of the next, which means nothing there.
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
  while (end < length && bytes[end] === colon) {
    const next = lineEnd(bytes, Math.max(end, seen), length)
    if (next === -1) break
    end = next
  }
  return end
}

/** The same for the first unit from `start`, which is known to be whole. */
function firstUnitEnd(bytes: Uint8Array, start: number, length: number): number {
  let end = lineEnd(bytes, start, length)
  if (bytes[start] === colon || isLineEnd(bytes[start])) return end
  while (!isLineEnd(bytes[end])) end = lineEnd(bytes, end, length)
  return lineEnd(bytes, end, length)
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
    if (bytes[i] === carriageReturn) return i + 1 < length && bytes[i + 1] === lineFeed ? i + 2 : i + 1
  }
  return -1
}

function isLineEnd(byte: number | undefined): boolean {
  return byte === lineFeed || byte === carriageReturn
}
