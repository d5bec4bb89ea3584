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

  get bytes(): Uint8Array {
    this.#bytes ??= encodeText(this.text)
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

/** A frame of bytes, as those of a content coding. */
export class ByteFrame implements Frame {
  readonly messages: number
  readonly bytes: Uint8Array
  readonly chunk: Uint8Array

  constructor(content: Uint8Array, messages: number) {
    const { bytes, chunk } = createChunk([content])
    this.messages = messages
    this.bytes = bytes
    this.chunk = chunk
  }
}

/** A frame of text that is not sent event by event: a part of a replay. */
export class TextFrame extends ByteFrame {
  constructor(text: string, messages: number) {
    super(encodeText(text), messages)
  }
}

/** UTF-8. TextEncoder turns a lone surrogate into U+FFFD, so encoding never fails. */
function encodeText(text: string): Uint8Array {
  return ENCODER.encode(text)
}

/** The part of a frame from one byte of the body to another, without a copy. */
export function sliceFrame({ bytes, chunk }: Frame, start: number, end: number): Frame {
  const head = bytes.byteOffset - chunk.byteOffset
  return {
    messages: 0,
    bytes: bytes.subarray(start, end),
    chunk: chunk.subarray(start === 0 ? 0 : head + start, end === bytes.length ? chunk.length : head + end),
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
