/** A block of the stream, made once and shared by everybody it is for. */
export class EncodedEvent {
  readonly text: string
  /** Whether it is one of the pipeline's messages: those are counted, may be skipped and may be coalesced. */
  readonly counted: boolean
  readonly key: string | undefined
  #bytes: Uint8Array | undefined

  constructor(text: string, counted = false, key?: string) {
    this.text = text
    this.counted = counted
    this.key = key
  }

  /** UTF-8; a lone surrogate becomes U+FFFD, as TextEncoder has it, so encoding cannot fail in mid-stream. */
  get bytes(): Uint8Array {
    this.#bytes ??= encoder.encode(this.text)
    return this.#bytes
  }
}

/** The bytes of one write: any number of events, in one Buffer that every socket gets. */
export class Frame {
  readonly events: readonly EncodedEvent[]
  /** How many of them are messages of the pipeline. */
  readonly messages: number
  /** The events alone, for transports that do their own framing. */
  readonly bytes: Uint8Array
  /** The same memory with an HTTP/1.1 chunk around it (RFC 9112, 7.1). */
  readonly chunk: Uint8Array

  constructor(events: readonly EncodedEvent[]) {
    let size = 0
    let messages = 0
    for (const event of events) {
      size += event.bytes.length
      if (event.counted) messages++
    }
    const head = size.toString(16)
    const chunk = allocate(head.length + 2 + size + 2)
    let at = 0
    for (; at < head.length; at++) chunk[at] = head.charCodeAt(at)
    chunk[at++] = CR
    chunk[at++] = LF
    const start = at
    for (const event of events) {
      chunk.set(event.bytes, at)
      at += event.bytes.length
    }
    chunk[at] = CR
    chunk[at + 1] = LF
    this.events = events
    this.messages = messages
    this.bytes = chunk.subarray(start, at)
    this.chunk = chunk
  }
}

const encoder = new TextEncoder()
const CR = 13
const LF = 10

/** A Buffer where there is one: a socket would otherwise wrap the bytes anew for every connection. */
function allocate(size: number): Uint8Array {
  return typeof Buffer === 'undefined' ? new Uint8Array(size) : Buffer.allocUnsafeSlow(size)
}
