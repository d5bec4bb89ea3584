import { ByteFrame, type Frame } from '../wire/frame.ts'
import { type CrcPrefix, crc32AfterPrefix, joinCrc32 } from './crc32.ts'
import { loadZlib } from './load-zlib.ts'
import type { SharedDeflate } from './shared-deflate.ts'

/**
 * The gzip member (RFC 1952) of one reader: its own header, frames of the shared stream while it is
 * in step with that, stored blocks for other frames, and a trailer for what it received. It needs
 * only a few numbers per reader.
 */
export class GzipMember {
  readonly #shared: SharedDeflate
  #crc = 0
  #length = 0
  /** The shared stream at the point where this reader began to follow it. */
  #inStepSince: CrcPrefix | undefined
  #hasHeader = false

  constructor(shared: SharedDeflate) {
    this.#shared = shared
    shared.syncRequested = true
  }

  get inStep(): boolean {
    return this.#inStepSince !== undefined
  }

  /** Call this after a shared frame with a sync point. `hasAll`: the reader received that frame. */
  reachedSyncPoint(hasAll: boolean): void {
    if (hasAll) this.#inStepSince ??= this.#shared.prefix
    else this.#shared.syncRequested = true
  }

  /** The reader received all shared frames so far, but not the next one. */
  detach(): void {
    if (this.#inStepSince === undefined) return
    const prefix = this.#shared.prefix
    const length = prefix.length - this.#inStepSince.length
    this.#crc = joinCrc32(this.#crc, crc32AfterPrefix(prefix, this.#inStepSince), length)
    this.#length += length
    this.#inStepSince = undefined
    this.#shared.syncRequested = true
  }

  /** A frame for this reader alone, in stored blocks. The reader is then out of step. */
  encode(plain: Frame): Frame {
    this.detach()
    this.#crc = loadZlib().crc32(plain.bytes, this.#crc)
    this.#length += plain.bytes.length
    return new ByteFrame(concatenate([...this.#takeHeader(), ...storedBlocks(plain.bytes)]), plain.messages)
  }

  /** The last block, then the checksum and the length of all that this reader received. */
  trailer(): Frame {
    this.detach()
    const end = new Uint8Array(8)
    const view = new DataView(end.buffer)
    view.setUint32(0, this.#crc, true)
    view.setUint32(4, this.#length % 2 ** 32, true)
    return new ByteFrame(concatenate([...this.#takeHeader(), LAST_BLOCK, end]), 0)
  }

  #takeHeader(): readonly Uint8Array[] {
    if (this.#hasHeader) return []
    this.#hasHeader = true
    return [HEADER]
  }
}

/** Deflate, without a name, a time or a system. */
const HEADER = new Uint8Array([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255])
const LAST_BLOCK = new Uint8Array([1, 0, 0, 255, 255])
const MAX_STORED = 65_535

/** Deflate blocks that hold bytes as they are (RFC 1951, section 3.2.4). */
function storedBlocks(bytes: Uint8Array): Uint8Array[] {
  const blocks: Uint8Array[] = []
  for (let at = 0; at < bytes.length; at += MAX_STORED) {
    const part = bytes.subarray(at, at + MAX_STORED)
    const { length } = part
    blocks.push(new Uint8Array([0, length & 255, length >> 8, ~length & 255, (~length >> 8) & 255]), part)
  }
  return blocks
}

function concatenate(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}
