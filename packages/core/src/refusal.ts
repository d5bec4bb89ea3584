import { EventSourceError, publicUrl } from './errors.ts'
import type { TransportResponse } from './transport/transport.ts'

/** How long the body of an answer that is no event stream may take, in milliseconds. */
export const refusalPatience = 1000

const snippetLength = 1024

/** Whether a response is one to read events from: status 200 and the essence `text/event-stream` (HTML standard, 9.2.2). */
export function isEventStream({ status, headers }: TransportResponse): boolean {
  return status === 200 && essence(headers['content-type']) === 'text/event-stream'
}

/** An answer that is no event stream, and the start of its body. */
export interface Refusal {
  /** Takes a piece of the body. True when there is enough of it. */
  add(bytes: Uint8Array): boolean
  error(attempt: number): EventSourceError
  /** Milliseconds to wait by `Retry-After` (RFC 9110, 10.2.3), in either of its forms. */
  retryAfter(now: number): number | undefined
}

export function createRefusal({ status, headers, url }: TransportResponse): Refusal {
  const snippet = new Uint8Array(snippetLength)
  let length = 0
  return {
    add(bytes) {
      const kept = bytes.subarray(0, snippetLength - length)
      snippet.set(kept, length)
      length += kept.length
      return length === snippetLength
    },
    error(attempt) {
      const body = new TextDecoder().decode(snippet.subarray(0, length))
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
      // By the server's own clock where it tells it, so that a wrong one on either side does no harm.
      const delay = Date.parse(value) - (Date.parse(headers.date ?? '') || now)
      return delay > 0 ? delay : undefined
    },
  }
}

/**
 * The type and subtype that a `Content-Type` names, in lower case. Of several values, as of a repeated field, the last that is a MIME
 * type counts; a comma within quotes parts none (Fetch standard, "extract a MIME type").
 */
function essence(field = ''): string | undefined {
  return field
    .match(/([^",]|"(\\.|[^"\\])*"?)+/g)
    ?.map((value) => mimeType.exec(value)?.[1]?.toLowerCase())
    .findLast((type) => type && type !== '*/*')
}

const mimeType = /^\s*([^\s/;]+\/[^\s/;]+)\s*(;|$)/
