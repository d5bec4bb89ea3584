import type { RecordedRequest } from './recorded-request.ts'

/**
 * One thing the server does with a connection.
 *
 * | step | does |
 * | --- | --- |
 * | text | sends it as UTF-8; under `chunked` framing as one chunk of its own |
 * | `Uint8Array`, `{hex}` | sends those bytes, whatever they spell |
 * | `{gzip}`, `{br}`, `{zstd}` | sends the text through one compressor for the whole body, flushed after each step |
 * | `{sleep}` | waits so many milliseconds |
 * | `{until}` | waits for a promise, so that a test can hold the server until it is ready |
 * | `'END'` | finishes properly: last chunk, then FIN (or the next request, with `keepAlive`) |
 * | `'CUT'` | FIN without the last chunk |
 * | `'RST'` | TCP reset |
 * | `'HOLD'` | stays open and silent until the client leaves |
 *
 * What follows one of the last four is never reached. The four words are steps, so a body of just `END` is `{hex: '454e44'}`.
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

/** Steps listed, or made as they are needed: an endless generator is a firehose that keeps to the client's pace. */
export type Steps = Iterable<Step> | AsyncIterable<Step>

/**
 * How the end of a body is told: `chunked` (default); `length`, a Content-Length that counts every byte up to `END`, and one
 * more where the body does not reach it, so that a cut shows; `close`, by the connection's end alone; `none`, no framing
 * header, for statuses without a body.
 */
export type Framing = 'chunked' | 'length' | 'close' | 'none'

/** An HTTP/1.1 response, byte for byte. A body that runs out of steps is at its `END`. */
export interface ResponseAttempt {
  readonly status: number
  /** Sent as given. `content-type` is `text/event-stream` unless named here; `null` leaves a header out, a list repeats it. */
  readonly headers?: Readonly<Record<string, string | readonly string[] | null>>
  readonly framing?: Framing
  /** Whether the connection takes another request after `END`. Default false: `Connection: close`, and FIN. */
  readonly keepAlive?: boolean
  readonly body: Steps
}

/** Bytes on the socket with nothing added, head included. Running out of steps is a `CUT`. */
export interface RawAttempt {
  readonly raw: Steps
}

/** What the server does with one request. */
export type Attempt = ResponseAttempt | RawAttempt

/** The attempts in order of arrival, or a function that answers each request. `undefined`, or a list's end, is a 204. */
export type Script =
  | readonly Attempt[]
  | ((request: RecordedRequest) => Attempt | undefined | PromiseLike<Attempt | undefined>)
