import { EventSourceError, publicUrl } from './errors.ts'
import type { TransportResponse } from './transport/transport.ts'

/** How long the body of an answer that is no event stream may take, in milliseconds. */
export const refusalPatience = 1000

const snippetLength = 1024

/** Whether a response is one to read events from: status 200 and the essence `text/event-stream` (HTML standard, 9.2.2). */
export function isEventStream({ status, headers }: TransportResponse): boolean {
  // Of a repeated field, the last value counts (Fetch standard, "extract a MIME type").
  const type = headers['content-type']?.split(',').at(-1) ?? ''
  return status === 200 && type.split(';', 1)[0]?.trim().toLowerCase() === 'text/event-stream'
}

/** An answer that is no event stream, and the start of its body. */
export class Refusal {
  private readonly response: TransportResponse
  private readonly body: Uint8Array = new Uint8Array(snippetLength)
  private length = 0

  constructor(response: TransportResponse) {
    this.response = response
  }

  get full(): boolean {
    return this.length === snippetLength
  }

  add(bytes: Uint8Array): void {
    const kept = bytes.subarray(0, snippetLength - this.length)
    this.body.set(kept, this.length)
    this.length += kept.length
  }

  error(attempt: number): EventSourceError {
    const { status, headers, url } = this.response
    const body = new TextDecoder().decode(this.body.subarray(0, this.length))
    const details = { status, url: publicUrl(new URL(url)), attempt, body }
    if (status !== 200) return new EventSourceError('http-status', `the server answered ${status}`, details)
    const type = headers['content-type']
    const given =
      type === undefined ? 'no content type' : `the content type ${JSON.stringify(type.slice(0, 100))}`
    return new EventSourceError(
      'content-type',
      `the server answered with ${given}, not text/event-stream`,
      details,
    )
  }

  /** Milliseconds to wait by `Retry-After` (RFC 9110, 10.2.3), in either of its forms. */
  retryAfter(now: number): number | undefined {
    const { headers } = this.response
    const value = headers['retry-after']?.trim()
    if (value === undefined) return undefined
    if (/^\d+$/.test(value)) return Number(value) * 1000
    // By the server's own clock where it tells it, so that a wrong one on either side does no harm.
    const delay = Date.parse(value) - (Date.parse(headers.date ?? '') || now)
    return Number.isNaN(delay) ? undefined : Math.max(0, delay)
  }
}
