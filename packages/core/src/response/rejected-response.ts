import { EventSourceError } from '../errors/event-source-error.ts'
import { publicUrl } from '../request/url.ts'
import type { TransportResponse } from '../transport/transport.ts'

/** How long the body of a rejected response may take, in milliseconds. */
export const REJECTED_BODY_TIMEOUT = 1000

const EXCERPT_LENGTH = 1024

/** Whether a response has status 200 and the MIME type `text/event-stream` (HTML standard, 9.2.2). */
export function isEventStream({ status, headers }: TransportResponse): boolean {
  return status === 200 && parseMimeType(headers['content-type']) === 'text/event-stream'
}

/** A response that is not an event stream. Keeps the start of its body for the error. */
export interface RejectedResponse {
  /** Takes a piece of the body. Returns true if the excerpt is complete. */
  add(bytes: Uint8Array): boolean
  toError(attempt: number): EventSourceError
  /** The delay of `Retry-After` in milliseconds (RFC 9110, 10.2.3), in either of its forms. `now` is the time of the clock. */
  retryAfter(now: number): number | undefined
}

export function createRejectedResponse({ status, headers, url }: TransportResponse): RejectedResponse {
  const excerpt = new Uint8Array(EXCERPT_LENGTH)
  let length = 0
  return {
    add(bytes) {
      const kept = bytes.subarray(0, EXCERPT_LENGTH - length)
      excerpt.set(kept, length)
      length += kept.length
      return length === EXCERPT_LENGTH
    },
    toError(attempt) {
      const body = new TextDecoder().decode(excerpt.subarray(0, length))
      const details = { status, url: publicUrl(new URL(url)), attempt, body }
      if (status !== 200) return new EventSourceError('http-status', `the server answered ${status}`, details)
      const type = (headers['content-type'] ?? '').slice(0, 100)
      return new EventSourceError(
        'content-type',
        `the content type is '${type}', not text/event-stream`,
        details,
      )
    },
    retryAfter(now) {
      const value = headers['retry-after']?.trim() ?? ''
      if (/^\d+$/.test(value)) return Number(value) * 1000
      // The server's own `Date` comes first, so that a wrong clock on either side does no harm.
      const delay = Date.parse(value) - (Date.parse(headers.date ?? '') || now)
      return delay > 0 ? delay : undefined
    },
  }
}

/**
 * The type and subtype of a `Content-Type`, in lower case. If a repeated field has several values, the last MIME type counts.
 * A comma within quotes does not separate values (Fetch standard, "extract a MIME type").
 */
function parseMimeType(field = ''): string | undefined {
  return field
    .match(/([^",]|"(\\.|[^"\\])*"?)+/g)
    ?.map((value) => MIME_TYPE.exec(value)?.[1]?.toLowerCase())
    .findLast((type) => type && type !== '*/*')
}

const MIME_TYPE = /^\s*([^\s/;]+\/[^\s/;]+)\s*(;|$)/
