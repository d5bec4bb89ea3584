import type { TraceFields } from '../sink/tracing.ts'

/** A block of the stream. It is encoded once and shared by all connections. */
export class EncodedEvent {
  readonly text: string
  /** A message is counted and may be skipped or coalesced. An event of the sink itself is not. */
  readonly isMessage: boolean
  /** Messages with the same key may be coalesced. */
  readonly key: string | undefined
  readonly trace: TraceFields | undefined
  #bytes: Uint8Array | undefined

  constructor(text: string, isMessage = false, key?: string, trace?: TraceFields) {
    this.text = text
    this.isMessage = isMessage
    this.key = key
    this.trace = trace
  }

  /** UTF-8. TextEncoder turns a lone surrogate into U+FFFD, so encoding never fails. */
  get bytes(): Uint8Array {
    this.#bytes ??= ENCODER.encode(this.text)
    return this.#bytes
  }
}

/** The bytes of one write, in one Buffer that is shared by all sockets. */
export interface Frame {
  /** The number of messages in it. */
  readonly messages: number
  /** The body's bytes, for transports with their own framing. */
  readonly bytes: Uint8Array
  /** The same memory, as a chunk of HTTP/1.1 (RFC 9112, section 7.1). */
  readonly chunk: Uint8Array
}

/** A frame of events without a content coding. */
export class EventFrame implements Frame {
  readonly events: readonly EncodedEvent[]
  readonly messages: number
  readonly bytes: Uint8Array
  readonly chunk: Uint8Array

  constructor(events: readonly EncodedEvent[]) {
    const { bytes, chunk } = createChunk(events.map(({ bytes }) => bytes))
    this.events = events
    this.messages = events.reduce((count, { isMessage }) => count + (isMessage ? 1 : 0), 0)
    this.bytes = bytes
    this.chunk = chunk
  }
}

/** A frame with a content coding. */
export class CompressedFrame implements Frame {
  readonly messages: number
  readonly bytes: Uint8Array
  readonly chunk: Uint8Array

  constructor(compressed: Uint8Array, messages: number) {
    const { bytes, chunk } = createChunk([compressed])
    this.messages = messages
    this.bytes = bytes
    this.chunk = chunk
  }
}

function createChunk(parts: readonly Uint8Array[]): { bytes: Uint8Array; chunk: Uint8Array } {
  let size = 0
  for (const part of parts) size += part.length
  const head = size.toString(16)
  const chunk = allocate(head.length + 2 + size + 2)
  let at = 0
  for (; at < head.length; at++) chunk[at] = head.charCodeAt(at)
  chunk[at++] = CR
  chunk[at++] = LF
  const start = at
  for (const part of parts) {
    chunk.set(part, at)
    at += part.length
  }
  chunk[at] = CR
  chunk[at + 1] = LF
  return { bytes: chunk.subarray(start, at), chunk }
}

const ENCODER = new TextEncoder()
const CR = 13
const LF = 10

/** A Buffer if there is one. A socket would wrap any other array again for every connection. */
function allocate(size: number): Uint8Array {
  return typeof Buffer === 'undefined' ? new Uint8Array(size) : Buffer.allocUnsafeSlow(size)
}
