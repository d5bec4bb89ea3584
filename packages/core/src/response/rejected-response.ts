import { EventSourceError } from '../errors/event-source-error.ts'
import type { TransportResponse } from '../transport/transport.ts'

/** How long the body of a rejected response may take, in milliseconds. */
export const REJECTED_BODY_TIMEOUT = 1000

/** How many bytes of the body the error keeps. */
export const EXCERPT_LENGTH = 1024

/** Whether a response has status 200 and the MIME type `text/event-stream` (HTML standard, 9.2.2). */
export function isEventStream({ status, headers }: TransportResponse): boolean {
  return status === 200 && parseMimeType(headers['content-type']) === 'text/event-stream'
}

/** The error of a response that is no event stream. `timeOfDay` is for a `Retry-After` that is a date. */
export function createRejection(
  { status, headers, url }: TransportResponse,
  body: string,
  attempt: number | undefined,
  timeOfDay: number,
): EventSourceError {
  const details = { status, url, attempt, body, retryAfter: parseRetryAfter(headers, timeOfDay) }
  if (status !== 200) return new EventSourceError('http-status', `the server answered ${status}`, details)
  const type = (headers['content-type'] ?? '').slice(0, 100)
  return new EventSourceError('content-type', `the content type is '${type}', not text/event-stream`, details)
}

/** The delay of `Retry-After` in milliseconds, in either of its forms (RFC 9110, 10.2.3). */
function parseRetryAfter(headers: TransportResponse['headers'], timeOfDay: number): number | undefined {
  const value = headers['retry-after'] ?? ''
  // Some servers send fractions. If a proxy has added a field of its own, the first one counts.
  const seconds = Number(value.split(',')[0] || 'none')
  if (seconds >= 0) return seconds * 1000
  // The server's own `Date` comes first, so that a wrong clock on either side does no harm.
  const delay = Date.parse(value) - (Date.parse(headers.date ?? '') || timeOfDay)
  return delay > 0 ? delay : undefined
}

/**
 * The type and subtype of a `Content-Type`, in lower case. If a repeated field has several values, the last MIME type counts.
 * A comma within quotes does not separate values (Fetch standard, "extract a MIME type").
 */
export function parseMimeType(field = ''): string | undefined {
  return field
    .replace(QUOTED, '')
    .split(',')
    .map((value) => value.replace(/;.*/, '').trim().toLowerCase())
    .findLast((type) => MIME_TYPE.test(type) && type !== '*/*')
}

const QUOTED = /"(\\.|[^"\\])*"?/g
const MIME_TYPE = /^[^\s/]+\/[^\s/]+$/
