import type { TraceFields } from '../sink/tracing.ts'

/** A block of the stream, made once and shared by everybody it is for. */
export class EncodedEvent {
  readonly text: string
  /** Whether it is one of the pipeline's messages: those are counted, may be skipped and may be coalesced. */
  readonly counted: boolean
  readonly key: string | undefined
  readonly trace: TraceFields | undefined
  #bytes: Uint8Array | undefined

  constructor(text: string, counted = false, key?: string, trace?: TraceFields) {
    this.text = text
    this.counted = counted
    this.key = key
    this.trace = trace
  }

  /** UTF-8; a lone surrogate becomes U+FFFD, as TextEncoder has it, so encoding cannot fail in mid-stream. */
  get bytes(): Uint8Array {
    this.#bytes ??= encoder.encode(this.text)
    return this.#bytes
  }
}

/** The bytes of one write, in one Buffer that every socket gets. */
export interface Frame {
  /** How many of the pipeline's messages they are. */
  readonly messages: number
  /** The body's bytes alone, for transports that do their own framing. */
  readonly bytes: Uint8Array
  /** The same memory with an HTTP/1.1 chunk around it (RFC 9112, 7.1). */
  readonly chunk: Uint8Array
}

/** Any number of events, as they are. */
export class EventFrame implements Frame {
  readonly events: readonly EncodedEvent[]
  readonly messages: number
  readonly bytes: Uint8Array
  readonly chunk: Uint8Array

  constructor(events: readonly EncodedEvent[]) {
    const parts = events.map(({ bytes }) => bytes)
    const { bytes, chunk } = inChunk(parts)
    this.events = events
    this.messages = events.reduce((count, { counted }) => count + (counted ? 1 : 0), 0)
    this.bytes = bytes
    this.chunk = chunk
  }
}

/** Bytes in a content coding. */
export class CodedFrame implements Frame {
  readonly messages: number
  readonly bytes: Uint8Array
  readonly chunk: Uint8Array

  constructor(coded: Uint8Array, messages: number) {
    const { bytes, chunk } = inChunk([coded])
    this.messages = messages
    this.bytes = bytes
    this.chunk = chunk
  }
}

function inChunk(parts: readonly Uint8Array[]): { bytes: Uint8Array; chunk: Uint8Array } {
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

const encoder = new TextEncoder()
const CR = 13
const LF = 10

/** A Buffer where there is one: a socket would otherwise wrap the bytes anew for every connection. */
function allocate(size: number): Uint8Array {
  return typeof Buffer === 'undefined' ? new Uint8Array(size) : Buffer.allocUnsafeSlow(size)
}
