import type { Fields } from './hpack.ts'
import type { Http2RecordedRequest } from './script.ts'

/** A record while it is being written. */
export type Http2Recording = { -readonly [K in keyof Http2RecordedRequest]: Http2RecordedRequest[K] }

/** One stream of a connection, as the server knows it. */
export class Http2Stream {
  readonly id: number
  /** Aborts when the client has reset the stream or left. */
  readonly gone: AbortController = new AbortController()
  fieldBlock: Buffer = Buffer.alloc(0)
  fields: Fields | undefined = undefined
  hasBody = false
  body: Buffer = Buffer.alloc(0)
  /** Bytes that the client lets the server send on this stream. */
  window: number
  recording: Http2Recording | undefined = undefined
  hasHead = false
  /** Whether the server has ended or reset the stream. */
  isDone = false

  constructor(id: number, window: number) {
    this.id = id
    this.window = window
  }

  /** Records the request, which is whole. */
  record(index: number, connection: number): Http2Recording {
    const headers: Record<string, string> = {}
    const pseudo: Record<string, string> = {}
    for (const [name, value] of this.fields ?? []) {
      const target = name.startsWith(':') ? pseudo : headers
      target[name] = name in target ? `${target[name]}, ${value}` : value
    }
    this.recording = {
      index,
      connection,
      stream: this.id,
      method: pseudo[':method'] ?? '',
      path: pseudo[':path'] ?? '',
      headers,
      lastEventId: Buffer.from(headers['last-event-id'] ?? '', 'latin1').toString(),
      body: this.body,
      bytesSent: 0,
      resetByClient: undefined,
      isOver: false,
    }
    return this.recording
  }
}
