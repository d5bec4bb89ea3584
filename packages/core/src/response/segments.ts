// A segment is a part of an event stream that can be parsed on its own: a block up to its empty line, or a comment line
// before the first field of a block. Comments are segments so that heartbeats are seen when they arrive, and so that they
// never add up to an oversized block. If a carriage return ends a segment, the line feed that may follow is an empty line
// of the next segment, and an empty line without a block means nothing.

/**
 * Finds the end of the last complete segment within the first `length` bytes. Returns 0 if none is complete.
 * `bytes` begins with a segment. The first `scanned` bytes are known to hold no end of a segment.
 */
export function findLastSegmentEnd(bytes: Uint8Array, scanned: number, length: number): number {
  let end = 0
  for (let i = length - 1; i >= scanned; i--) {
    if (isLineEnd(bytes[i]) && endsEmptyLine(bytes, i)) {
      end = i + 1
      break
    }
  }
  while (end < length && bytes[end] === COLON) {
    const next = findLineEnd(bytes, Math.max(end, scanned), length)
    if (next === -1) break
    end = next
  }
  return end
}

/**
 * Finds the end of the segment that begins at `start`. The segment is known to be complete within `length` bytes.
 * After a carriage return, the segment ends before the line feed, so that its size is the same in any pieces.
 */
export function findSegmentEnd(bytes: Uint8Array, start: number, length: number): number {
  let end = start
  if (bytes[start] === COLON) while (!isLineEnd(bytes[end])) end++
  else while (!isLineEnd(bytes[end])) end = findLineEnd(bytes, end, length)
  return end + 1
}

const LINE_FEED = 10
const CARRIAGE_RETURN = 13
const COLON = 58

/** Whether the line end at `i` belongs to an empty line. */
function endsEmptyLine(bytes: Uint8Array, i: number): boolean {
  const before = bytes[i] === LINE_FEED && bytes[i - 1] === CARRIAGE_RETURN ? i - 2 : i - 1
  return before < 0 || isLineEnd(bytes[before])
}

/** The position after the line that contains `from`, its line end included. -1 if the line is unfinished. */
function findLineEnd(bytes: Uint8Array, from: number, length: number): number {
  for (let i = from; i < length; i++) {
    if (bytes[i] === LINE_FEED) return i + 1
    if (bytes[i] === CARRIAGE_RETURN) return i + 1 < length && bytes[i + 1] === LINE_FEED ? i + 2 : i + 1
  }
  return -1
}

function isLineEnd(byte: number | undefined): boolean {
  return byte === LINE_FEED || byte === CARRIAGE_RETURN
}
