// A segment is a part of an event stream that can be parsed on its own: a block up to its empty line, or a comment line
// before the first field of a block. Comments are segments so that heartbeats are seen when they arrive, and so that they
// never add up to an oversized block. If a carriage return ends a segment, the line feed that may follow is an empty line
// of the next segment, and an empty line without a block means nothing.

/**
 * Finds the end of the last complete segment. Returns 0 if none is complete. `bytes` begins with a segment. The first `scanned`
 * bytes are known to hold no end of a segment.
 */
export function findLastSegmentEnd(bytes: Uint8Array, scanned: number): number {
  let end = bytes.length
  while (end > scanned && !endsEmptyLine(bytes, end - 1)) end--
  if (end <= scanned) end = 0
  while (bytes[end] === COLON) {
    const next = findLineEnd(bytes, Math.max(end, scanned))
    if (next === 0) break
    end = next
  }
  return end
}

/**
 * Finds the end of the segment that begins at `start`, which must be complete. After a carriage return, the segment ends before
 * the line feed, so that its size is the same in any pieces.
 */
export function findSegmentEnd(bytes: Uint8Array, start: number): number {
  let end = start
  if (bytes[start] === COLON) while (!isLineEnd(bytes[end])) end++
  else while (!isLineEnd(bytes[end])) end = findLineEnd(bytes, end)
  return end + 1
}

const LINE_FEED = 10
const CARRIAGE_RETURN = 13
const COLON = 58

/** Whether the byte at `i` ends an empty line. */
function endsEmptyLine(bytes: Uint8Array, i: number): boolean {
  if (!isLineEnd(bytes[i])) return false
  const before = bytes[i] === LINE_FEED && bytes[i - 1] === CARRIAGE_RETURN ? i - 2 : i - 1
  return before < 0 || isLineEnd(bytes[before])
}

/** The position after the line that contains `from`, its line end included. 0 if the line is unfinished. */
function findLineEnd(bytes: Uint8Array, from: number): number {
  for (let i = from; i < bytes.length; i++) {
    if (isLineEnd(bytes[i])) return bytes[i] === CARRIAGE_RETURN && bytes[i + 1] === LINE_FEED ? i + 2 : i + 1
  }
  return 0
}

function isLineEnd(byte: number | undefined): boolean {
  return byte === LINE_FEED || byte === CARRIAGE_RETURN
}
