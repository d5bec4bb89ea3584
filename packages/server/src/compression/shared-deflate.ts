import { ByteFrame, type Frame } from '../wire/frame.ts'
import type { CrcPrefix } from './crc32.ts'
import { loadZlib } from './load-zlib.ts'

/** A frame of the shared stream. */
export interface SharedFrame {
  /** For readers that are in step with the stream. */
  readonly compressed: Frame
  /** Whether later frames refer to nothing before this point, so that readers may start here. */
  readonly syncPoint: boolean
}

/**
 * One deflate stream for all clients that see the same messages. Each frame ends at a whole byte.
 * If readers wait for a sync point, there is one at most once a second.
 */
export class SharedDeflate {
  readonly #zlib = loadZlib()
  // The bytes that back-references may reach. A compressor with state would take 256 KiB instead.
  #window: Uint8Array = new Uint8Array(0)
  #lastSync = Number.NEGATIVE_INFINITY
  #prefix: CrcPrefix = { crc: 0, length: 0 }
  /** Readers wait for a sync point. */
  syncRequested = false

  /** The uncompressed bytes of the stream so far. */
  get prefix(): CrcPrefix {
    return this.#prefix
  }

  compress(plain: Frame, now: number): SharedFrame {
    const { deflateRawSync, crc32, constants } = this.#zlib
    const bytes = deflateRawSync(plain.bytes, {
      finishFlush: constants.Z_SYNC_FLUSH,
      windowBits: 13,
      memLevel: 6,
      ...(this.#window.length > 0 ? { dictionary: this.#window } : {}),
    })
    const { crc, length } = this.#prefix
    this.#prefix = { crc: crc32(plain.bytes, crc), length: length + plain.bytes.length }
    const syncPoint = this.syncRequested && now - this.#lastSync >= SYNC_INTERVAL_MS
    if (syncPoint) {
      this.syncRequested = false
      this.#lastSync = now
    }
    this.#window = syncPoint ? new Uint8Array(0) : appendToWindow(this.#window, plain.bytes)
    return { compressed: new ByteFrame(bytes, plain.messages), syncPoint }
  }
}

const SYNC_INTERVAL_MS = 1_000

/** 2^13 bytes, about forty events. A larger window costs more and saves hardly anything. */
const WINDOW_BYTES = 8_192

function appendToWindow(window: Uint8Array, bytes: Uint8Array): Uint8Array {
  if (bytes.length >= WINDOW_BYTES) return bytes.slice(-WINDOW_BYTES)
  const kept = window.subarray(Math.max(0, window.length + bytes.length - WINDOW_BYTES))
  const next = new Uint8Array(kept.length + bytes.length)
  next.set(kept)
  next.set(bytes, kept.length)
  return next
}
