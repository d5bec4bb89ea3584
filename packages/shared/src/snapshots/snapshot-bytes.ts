import type { Snapshot } from './snapshot-store.ts'

/** CRC-32 as in gzip. `value` is the checksum of the bytes before these. */
export type Crc32 = (bytes: Uint8Array, value?: number) => number

/** A stored snapshot. */
export interface StoredSnapshot {
  /** The length of each chunk. */
  readonly sizes: readonly number[]
  readonly checksum: number
  /** The bytes of all chunks, cut anywhere. */
  readonly pieces: readonly Uint8Array[]
}

/** A snapshot that is being stored. */
export interface SnapshotDraft {
  readonly id: string
  readonly number: number
  /** The length of each chunk. */
  readonly sizes: readonly number[]
  /** The bytes of all chunks, in pieces of at most `length` bytes. Small chunks share a piece. */
  pieces(length: number): Generator<Uint8Array, void, void>
  /** Right once `pieces` has been read to its end. */
  readonly checksum: number
}

export function draftSnapshot({ number, chunks }: Snapshot, id: string, crc32: Crc32): SnapshotDraft {
  const sizes = chunks.map((chunk) => chunk.length)
  let checksum = 0
  return {
    id,
    number,
    sizes,
    *pieces(length) {
      checksum = crc32(encodeHead(number, sizes))
      for (const piece of cutPieces(chunks, length)) {
        checksum = crc32(piece, checksum)
        yield piece
      }
    },
    get checksum() {
      return checksum
    },
  }
}

function* cutPieces(chunks: readonly Uint8Array[], length: number): Generator<Uint8Array, void, void> {
  let gathered: Uint8Array[] = []
  let size = 0
  for (const chunk of chunks) {
    if (size > 0 && size + chunk.length > length) {
      yield concatenate(gathered)
      gathered = []
      size = 0
    }
    if (chunk.length >= length) {
      for (let at = 0; at < chunk.length; at += length) yield chunk.subarray(at, at + length)
    } else if (chunk.length > 0) {
      gathered.push(chunk)
      size += chunk.length
    }
  }
  if (size > 0) yield concatenate(gathered)
}

/** Whether the bytes are those that were saved. */
export async function verifyContent(
  number: number,
  { sizes, checksum, pieces }: StoredSnapshot,
  crc32: Crc32,
  nextTurn: () => Promise<unknown>,
): Promise<boolean> {
  const length = sizes.reduce((sum, size) => sum + size, 0)
  if (pieces.reduce((sum, piece) => sum + piece.length, 0) !== length) return false
  let found = crc32(encodeHead(number, sizes))
  for (const piece of pieces) {
    for (let at = 0; at < piece.length; at += BYTES_A_TURN) {
      found = crc32(piece.subarray(at, at + BYTES_A_TURN), found)
      if (piece.length > BYTES_A_TURN) await nextTurn()
    }
  }
  return found === checksum
}

/** Bytes whose checksum is computed in one turn of the event loop. It takes a few milliseconds at most. */
const BYTES_A_TURN = 2 ** 20

/** The chunks as they were saved. */
export function splitPieces({ sizes, pieces }: StoredSnapshot): Uint8Array[] {
  const bytes = pieces.length === 1 ? (pieces[0] as Uint8Array) : concatenate(pieces)
  let end = 0
  return sizes.map((size) => {
    end += size
    return bytes.subarray(end - size, end)
  })
}

function concatenate(parts: readonly Uint8Array[]): Uint8Array {
  if (parts.length === 1) return parts[0] as Uint8Array
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}

/** The checksum covers these bytes too, so that a wrong number or length is noticed. */
function encodeHead(number: number, sizes: readonly number[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(8 + 4 * sizes.length))
  view.setFloat64(0, number)
  for (const [i, size] of sizes.entries()) view.setUint32(8 + 4 * i, size)
  return new Uint8Array(view.buffer)
}
