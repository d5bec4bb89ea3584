import { CodedFrame, type Frame } from '../wire/frame.ts'
import { builtinZlib } from './builtin-zlib.ts'
import { type CrcPrefix, crc32Of, joinCrc32 } from './crc32.ts'
import type { SharedDeflate } from './shared-deflate.ts'

/**
 * One reader's gzip member (RFC 1952): a header of its own, stored blocks for what it alone gets, the shared
 * stream while it is in step with that, and a trailer that is right for what it got. A number or two a reader is
 * all that this takes.
 */
export class GzipMember {
  readonly #shared: SharedDeflate
  #crc = 0
  #length = 0
  /** Where it stepped into the shared stream, while it is in step. */
  #since: CrcPrefix | undefined
  #begun = false

  constructor(shared: SharedDeflate) {
    this.#shared = shared
    shared.awaited = true
  }

  get inStep(): boolean {
    return this.#since !== undefined
  }

  /** To be called right after a shared frame that opens up: a reader that has got all of it steps in. */
  reachedSyncPoint(hasAll: boolean): void {
    if (hasAll) this.#since ??= this.#shared.prefix
    else this.#shared.awaited = true
  }

  /** It has got every shared frame until now, and will miss the next. */
  detach(): void {
    if (this.#since === undefined) return
    const until = this.#shared.prefix
    const length = until.length - this.#since.length
    this.#crc = joinCrc32(this.#crc, crc32Of(until, this.#since), length)
    this.#length += length
    this.#since = undefined
    this.#shared.awaited = true
  }

  /** A frame for this reader alone, in stored blocks, after which it is no longer in step. */
  own(plain: Frame): Frame {
    this.detach()
    this.#crc = builtinZlib().crc32(plain.bytes, this.#crc)
    this.#length += plain.bytes.length
    const head = this.#begun ? [] : [HEADER]
    this.#begun = true
    return new CodedFrame(join([...head, ...storedBlocks(plain.bytes)]), plain.messages)
  }

  /** The last block, and the checksum and length of all that this reader got. */
  trailer(): Frame {
    this.detach()
    const end = new Uint8Array(8)
    const subscriberFilter = new DataView(end.buffer)
    subscriberFilter.setUint32(0, this.#crc, true)
    subscriberFilter.setUint32(4, this.#length % 2 ** 32, true)
    return new CodedFrame(join([...(this.#begun ? [] : [HEADER]), LAST_BLOCK, end]), 0)
  }
}

/** Deflate, no name, no time, no system. */
const HEADER = new Uint8Array([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255])
const LAST_BLOCK = new Uint8Array([1, 0, 0, 255, 255])
const LONGEST_STORED = 65_535

/** Deflate blocks that hold bytes as they are (RFC 1951, 3.2.4). */
function storedBlocks(bytes: Uint8Array): Uint8Array[] {
  const blocks: Uint8Array[] = []
  for (let at = 0; at < bytes.length; at += LONGEST_STORED) {
    const part = bytes.subarray(at, at + LONGEST_STORED)
    const { length } = part
    blocks.push(new Uint8Array([0, length & 255, length >> 8, ~length & 255, (~length >> 8) & 255]), part)
  }
  return blocks
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}
