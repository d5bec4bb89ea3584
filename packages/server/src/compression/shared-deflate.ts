import { CodedFrame, type Frame } from '../wire/frame.ts'
import { builtinZlib } from './builtin-zlib.ts'
import type { CrcPrefix } from './crc32.ts'

/** What one tick's frame has become for the readers of a shared stream. */
export interface SharedFrame {
  /** For those in step with the stream. */
  readonly coded: Frame
  /** Whether the stream refers to nothing before here: whoever gets what follows may step in. */
  readonly syncPoint: boolean
}

/**
 * One deflate stream for everybody who sees the same. Each frame ends in a sync flush, at a byte's edge, and
 * where somebody waits to step in, at most once a second, in a full flush.
 */
export class SharedDeflate {
  readonly #zlib = builtinZlib()
  // What back-references may reach. It takes the permit of a compressor's state, which costs 256 KiB.
  #window: Uint8Array = new Uint8Array(0)
  #openedAt = Number.NEGATIVE_INFINITY
  #prefix: CrcPrefix = { crc: 0, length: 0 }
  /** Somebody waits to step in. */
  awaited = false

  /** The plain bytes of the whole stream so far. */
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
    const syncPoint = this.awaited && now - this.#openedAt >= ONCE_A_SECOND
    if (syncPoint) {
      this.awaited = false
      this.#openedAt = now
    }
    this.#window = syncPoint ? new Uint8Array(0) : lastOf(this.#window, plain.bytes)
    return { coded: new CodedFrame(bytes, plain.messages), syncPoint }
  }
}

const ONCE_A_SECOND = 1_000

/** 2^13, enough for some forty events: a larger one costs more for each frame, and saves next to nothing. */
const WINDOW = 8_192

function lastOf(window: Uint8Array, bytes: Uint8Array): Uint8Array {
  if (bytes.length >= WINDOW) return bytes.slice(-WINDOW)
  const kept = window.subarray(Math.max(0, window.length + bytes.length - WINDOW))
  const next = new Uint8Array(kept.length + bytes.length)
  next.set(kept)
  next.set(bytes, kept.length)
  return next
}
