import { type MaybePromise, optionError } from '@rxsse/shared'
import type { Clock } from '../connection/clock.ts'
import type { ResponseWriter, ResponseWriterEvents } from '../connection/response-writer.ts'
import type { SinkRequest } from './request.ts'

/** A response for an adapter to send: a whole body, or a stream. */
export interface SinkResponse {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array<ArrayBuffer>
  /** Makes the body a stream: `connect` sends the head and returns the body's writer. */
  readonly stream?: (connect: (events: ResponseWriterEvents) => ResponseWriter) => void
  /** Called instead of `stream` if the client has left by then. */
  readonly abandoned?: () => void
}

/** Answers the requests of an adapter. */
export interface Endpoint {
  /** Streams never complete by themselves, so their end is never mistaken for a whole answer. */
  readonly isEndless: boolean
  readonly clock: Clock
  /** Answers a request, synchronously if possible. Never throws or rejects. */
  respond(request: SinkRequest): MaybePromise<SinkResponse>
  /** Reports an error of the adapter. Never throws. */
  report(error: unknown): void
}

/** The headers of a stream: proxies must not store, transform or buffer it. */
export const STREAM_HEADERS: Readonly<Record<string, string>> = {
  'content-type': 'text/event-stream',
  'cache-control': 'no-store, no-transform',
  'x-accel-buffering': 'no',
}

export function createPlainResponse(
  status: number,
  text: string,
  headers: Record<string, string> = {},
): SinkResponse {
  return {
    status,
    headers: { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store', ...headers },
    body: `${text}\n`,
  }
}

/** The response if something fails: it tells nothing. */
export const BARE_ERROR: SinkResponse = createPlainResponse(500, 'something went wrong')

/**
 * Returns the response if every adapter can send it. A status or a header may come from a callback.
 * A body that its status does not allow is left out.
 *
 * @throws TypeError that names the wrong part. It shows no value of a header.
 */
export function checkResponse(response: SinkResponse): SinkResponse {
  const { status, headers, body, stream } = response
  if (!Number.isInteger(status) || status < 200 || status > 599) {
    throw optionError('the status of a response', 'a whole number from 200 to 599', status)
  }
  for (const [name, value] of Object.entries(headers)) checkHeader(name, value)
  if (!BODILESS.has(status)) return response
  // Nobody would ever read the stream, so nothing would end it.
  if (stream !== undefined) throw optionError('the status of a stream', 'one that has a body', status)
  return body === undefined ? response : { status, headers }
}

/** RFC 9110, 15.3.5, 15.3.6 and 15.4.5. */
const BODILESS: ReadonlySet<number> = new Set([204, 205, 304])

function checkHeader(name: string, value: unknown): void {
  if (!FIELD_NAME.test(name)) throw new TypeError(`a response cannot have the header ${JSON.stringify(name)}`)
  if (FRAMING.has(name.toLowerCase())) {
    throw new TypeError(`the header ${name} of a response is the server's to set`)
  }
  if (typeof value !== 'string' || !FIELD_VALUE.test(value)) {
    throw new TypeError(`the header ${name} of a response must be one line of visible ASCII or Latin-1`)
  }
}

/** RFC 9110, 5.6.2 and 5.5. */
const FIELD_NAME = /^[\w!#$%&'*+.^`|~-]+$/
const FIELD_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/

/** The server frames the body itself. HTTP/2 has none of these headers (RFC 9113, 8.2.2). */
const FRAMING: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'keep-alive',
  'proxy-connection',
  'trailer',
  'transfer-encoding',
  'upgrade',
])
