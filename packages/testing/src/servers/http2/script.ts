import type { Http2ErrorCode } from './frames.ts'

/**
 * One thing the server does with a stream or its connection.
 *
 * | step | does |
 * | --- | --- |
 * | text, `Uint8Array` | sends it as DATA frames, as far as the client's flow-control windows allow |
 * | `{head}` | sends a HEADERS frame with this status and these fields; a status of 1xx is informational |
 * | `{sleep}` | waits this many milliseconds |
 * | `{until}` | waits for a promise |
 * | `{reset}` | sends RST_STREAM with this code; the steps go on, for what a server may not send then |
 * | `{goaway}` | sends GOAWAY with this code, naming this stream as the last, or `lastStream` |
 * | `{frame}` | sends a frame as it is |
 * | `'END'` | sends an empty DATA frame with END_STREAM |
 * | `'CUT'` | ends the TCP connection |
 * | `'RST'` | resets the TCP connection |
 * | `'HOLD'` | stays silent until the client leaves |
 */
export type Http2Step =
  | string
  | Uint8Array
  | { readonly head: Http2Head }
  | { readonly sleep: number }
  | { readonly until: PromiseLike<unknown> | (() => PromiseLike<unknown>) }
  | { readonly reset: Http2ErrorCode }
  | { readonly goaway: Http2ErrorCode; readonly lastStream?: number }
  | {
      readonly frame: {
        readonly type: number
        readonly flags?: number
        readonly stream?: number
        readonly payload?: Uint8Array
      }
    }

export interface Http2Head {
  readonly status: number
  /** `content-type` is `text/event-stream` unless it is given, or null. Informational heads have no default. */
  readonly headers?: Readonly<Record<string, string | null>>
  /** Whether the stream ends with the head. Default false. */
  readonly endStream?: boolean
}

/** The steps for one request. Their end is an `'END'`, unless the stream was reset or never had a head. */
export type Http2Steps = Iterable<Http2Step> | AsyncIterable<Http2Step>

/** The steps for each request in the order of arrival, or a function that gives them. After the end: 204. */
export type Http2Script =
  | readonly Http2Steps[]
  | ((request: Http2RecordedRequest) => Http2Steps | undefined | PromiseLike<Http2Steps | undefined>)

/** A request as it came, and what became of it. */
export interface Http2RecordedRequest {
  /** Its place in the order of arrival over all connections, from 0. */
  readonly index: number
  /** The connection that it came on, from 0. */
  readonly connection: number
  readonly stream: number
  readonly method: string
  readonly path: string
  /** By lower-case name, without the pseudo header fields. Repeated fields are joined with `', '`. */
  readonly headers: Readonly<Record<string, string>>
  /** The `last-event-id` field read as UTF-8. `''` if there is none. */
  readonly lastEventId: string
  readonly body: Buffer
  /** Bytes of the response's body that were handed to the socket, within the client's windows. */
  readonly bytesSent: number
  /** The code with which the client reset the stream. Undefined if it did not. */
  readonly resetByClient: number | undefined
  /** Whether the steps are done, or the client has left. */
  readonly isOver: boolean
}
