import type { RecordedRequest } from './recorded-request.ts'

/**
 * One action of the server on a connection.
 *
 * | step | effect |
 * | --- | --- |
 * | text | sends it as UTF-8; with `chunked` framing as one chunk |
 * | `Uint8Array`, `{hex}` | sends those bytes |
 * | `{gzip}`, `{br}`, `{zstd}` | sends compressed text; one compressor for the body, flushed after each step |
 * | `{sleep}` | waits this many milliseconds |
 * | `{until}` | waits for a promise, so that a test can hold the server until it is ready |
 * | `'END'` | ends the body properly: last chunk, then FIN, or the next request with `keepAlive` |
 * | `'CUT'` | FIN without the last chunk |
 * | `'RST'` | TCP reset |
 * | `'HOLD'` | stays open and silent until the client leaves |
 *
 * Steps after one of the last four are ignored. To send the text `END` itself, write `{hex: '454e44'}`.
 */
export type Step =
  | string
  | Uint8Array
  | { readonly hex: string }
  | { readonly gzip: string }
  | { readonly br: string }
  | { readonly zstd: string }
  | { readonly sleep: number }
  | { readonly until: PromiseLike<unknown> | (() => PromiseLike<unknown>) }

/** A list of steps, or a generator, which may be endless. It is pulled only as fast as the client reads. */
export type Steps = Iterable<Step> | AsyncIterable<Step>

/**
 * How the client recognizes the end of a body:
 *
 * - `chunked` (default): by the last chunk.
 * - `length`: by a Content-Length. It is one too high if the body does not reach `END`, so that a cut shows.
 * - `close`: only by the end of the connection.
 * - `none`: no framing header, for a status without a body.
 */
export type Framing = 'chunked' | 'length' | 'close' | 'none'

/** An HTTP/1.1 response. A body without an ending step ends with `END`. */
export interface ResponseAttempt {
  readonly status: number
  /** Sent as given; a list repeats a header, `null` omits it. Default: `content-type: text/event-stream`. */
  readonly headers?: Readonly<Record<string, string | readonly string[] | null>>
  readonly framing?: Framing
  /** Whether the connection takes another request after `END`. Default false: `Connection: close` and FIN. */
  readonly keepAlive?: boolean
  readonly body: Steps
}

/** Bytes on the socket with nothing added; they include the head. Without an ending step it ends with `CUT`. */
export interface RawAttempt {
  readonly raw: Steps
}

/** How the server answers one request. */
export type Attempt = ResponseAttempt | RawAttempt

/** One attempt for each request in order, or a function. `undefined`, or the end of the list, means a 204 response. */
export type Script =
  | readonly Attempt[]
  | ((request: RecordedRequest) => Attempt | undefined | PromiseLike<Attempt | undefined>)
